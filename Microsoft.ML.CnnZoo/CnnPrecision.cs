namespace Microsoft.ML.CnnZoo;

/// <summary>Numeric precision of a network's computations.</summary>
public enum CnnPrecision
{
    /// <summary>32-bit floats throughout.</summary>
    Float32,
    /// <summary>
    /// Activations and their gradients stored as bfloat16, computed in 32-bit floats: training a deep network needs a
    /// little more than half the memory, and more time. Weights stay 32-bit floats. Probabilities carry errors of a
    /// percent or less, and may differ by as much with the number of images scored together.
    /// </summary>
    BFloat16,
}
