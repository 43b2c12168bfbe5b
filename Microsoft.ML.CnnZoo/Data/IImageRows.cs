namespace Microsoft.ML.CnnZoo.Data;

/// <summary>
/// Rows of labeled images, read from front to back as often as they are wanted: what lies behind them is known to
/// MLNet/ only.
/// </summary>
internal interface IImageRows
{
    /// <summary>What the rows are, for messages: "training", "validation".</summary>
    string Name { get; }

    /// <summary>Name of the column of images, for messages.</summary>
    string ImageColumn { get; }

    /// <summary>Begins a pass over all rows.</summary>
    IImageCursor Open();
}

/// <summary>One pass over <see cref="IImageRows"/>. Used by one thread.</summary>
internal interface IImageCursor : IDisposable
{
    /// <summary>Number of the present row, from 0; negative before the first.</summary>
    long Row { get; }

    /// <summary>Goes to the next row.</summary>
    /// <returns>False after the last.</returns>
    bool MoveNext();

    /// <summary>The present row's class number, from 0; negative when it has no label.</summary>
    int ReadLabel();

    /// <summary>Copies the present row's image, so that another thread can decode it while the pass goes on.</summary>
    /// <returns>False when there is none: see <see cref="RawImage.Problem"/>.</returns>
    bool TryFetch(RawImage target);
}
