namespace Microsoft.ML.CnnZoo.Data;

/// <summary>Some of the images of another source.</summary>
/// <param name="source">The source.</param>
/// <param name="indices">Which of its images, in order.</param>
internal sealed class BatchSubset(IBatchSource source, IReadOnlyList<int> indices) : IBatchSource
{
    private readonly int[] _indices = [.. indices];

    /// <inheritdoc/>
    public int Count => _indices.Length;

    /// <inheritdoc/>
    public ImageShape Image => source.Image;

    /// <inheritdoc/>
    public IReadOnlyList<int> Labels => [.. _indices.Select(i => source.Labels[i])];

    /// <inheritdoc/>
    public BatchMixer? Mixer => source.Mixer;

    /// <inheritdoc/>
    public void Fill(ReadOnlySpan<int> indices, Span<float> images, Span<int> labels) =>
        source.Fill(Inner(indices), images, labels);

    /// <inheritdoc/>
    public void FillForTraining(ReadOnlySpan<int> indices, int epoch, Span<float> images, Span<int> labels) =>
        source.FillForTraining(Inner(indices), epoch, images, labels);

    private int[] Inner(ReadOnlySpan<int> indices)
    {
        var inner = new int[indices.Length];
        for (int i = 0; i < indices.Length; i++)
            inner[i] = _indices[indices[i]];
        return inner;
    }
}
