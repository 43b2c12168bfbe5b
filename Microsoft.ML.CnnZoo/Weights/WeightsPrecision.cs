namespace Microsoft.ML.CnnZoo;

/// <summary>Element type of the weights in a file.</summary>
public enum WeightsPrecision
{
    /// <summary>float32, exact.</summary>
    Float32,
    /// <summary>IEEE half precision, rounded to nearest even: half the size.</summary>
    Float16,
    /// <summary>bfloat16, rounded to nearest even: half the size, float32's range.</summary>
    BFloat16,
}
