namespace Microsoft.ML.CnnZoo.Execution;

/// <summary>In what numbers a plan computes. Weights, optimizer state, statistics, softmax and loss are float32 whatever it is.</summary>
public enum Precision
{
    /// <summary>32-bit floats throughout.</summary>
    Float32,
    /// <summary>
    /// Activations and their gradients in bfloat16 (8 bits of precision, the range of float32): about half the memory, and many times the speed where the processor multiplies
    /// bfloat16 itself. Elsewhere the results are the same, but slow.
    /// </summary>
    BFloat16,
    /// <summary>BFloat16 where a backend multiplies it faster than float32 on this processor (oneDNN with AMX-BF16 or AVX512-BF16), else Float32.</summary>
    Auto,
}
