namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>Computes the values of rows of images, from any number of threads.</summary>
internal interface IRowScorer
{
    /// <summary>The network.</summary>
    CnnClassificationModel Model { get; }

    /// <summary>Values that a row gets: a probability for each class, features, or the pixels of a picture.</summary>
    int ValuesPerRow { get; }

    /// <summary>Rows that are best scored together.</summary>
    int RowsPerBatch { get; }

    /// <summary>Scores rows.</summary>
    /// <param name="images">The crops of at most <see cref="RowsPerBatch"/> images, one image's after the other:
    /// [n·crops, height, width, channels], normalized.</param>
    /// <param name="count">n.</param>
    /// <param name="scores">Receives <see cref="ValuesPerRow"/> values for each row, the means over the crops;
    /// probabilities are changed by the model's decision rule.</param>
    /// <exception cref="ObjectDisposedException">The transformer was disposed.</exception>
    void Score(ReadOnlySpan<float> images, int count, Span<float> scores);

    /// <summary>Throws when the transformer was disposed.</summary>
    void CheckAlive();
}
