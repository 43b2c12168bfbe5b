namespace Microsoft.ML.CnnZoo.Formats.Import;

/// <summary>What a name in a file stands for: numbers that are known, or a tensor of the graph.</summary>
/// <param name="Known">The numbers, or null.</param>
/// <param name="Tensor">The tensor, or null.</param>
internal readonly record struct ImportedValue(KnownArray? Known, ImportedTensor? Tensor)
{
    /// <summary>Its shape in the file.</summary>
    public int[] Shape => Known?.Shape ?? Tensor!.Shape;

    public static implicit operator ImportedValue(KnownArray known) => new(known, null);

    public static implicit operator ImportedValue(ImportedTensor tensor) => new(null, tensor);
}
