namespace Microsoft.ML.CnnZoo;

/// <summary>Numeric precision of a network's computations.</summary>
public enum CnnPrecision
{
    /// <summary>32-bit floats throughout.</summary>
    Float32,
    /// <summary>
    /// Activations and their gradients as bfloat16: half the memory; fast where the processor has AMX or AVX512-BF16
    /// and oneDNN is installed, correct but slow elsewhere. Weights stay 32-bit floats. Probabilities carry errors of a
    /// percent or less, and may differ by as much with the number of images scored together.
    /// </summary>
    BFloat16,
    /// <summary>
    /// The fastest that the machine offers: bfloat16 with oneDNN on a processor with AMX or AVX512-BF16, 32-bit floats
    /// elsewhere.
    /// </summary>
    Auto,
}
