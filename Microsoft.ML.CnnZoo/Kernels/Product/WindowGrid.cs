namespace Microsoft.ML.CnnZoo.Kernels.Product;

/// <summary>
/// Sizes of a convolution as a product: target pixel (y, x) is the product of a window of the source, from row
/// y·StrideHeight − PadTop and column x·StrideWidth − PadLeft on, with a matrix of KernelHeight·KernelWidth·Channels
/// rows and Filters columns.
/// </summary>
internal sealed record WindowGrid
{
    public required int Images { get; init; }
    public required int SourceHeight { get; init; }
    public required int SourceWidth { get; init; }
    /// <summary>Floats from one source pixel to the next.</summary>
    public required int SourcePitch { get; init; }
    /// <summary>Channels of a source pixel that are read.</summary>
    public required int Channels { get; init; }
    public required int Height { get; init; }
    public required int Width { get; init; }
    public required int Filters { get; init; }
    /// <summary>Floats from one target pixel to the next.</summary>
    public required nint TargetPixel { get; init; }
    /// <summary>Floats from one row of target pixels to the next.</summary>
    public required nint TargetRow { get; init; }
    /// <summary>Floats from one target image to the next.</summary>
    public required nint TargetImage { get; init; }
    public int KernelHeight { get; init; } = 1;
    public int KernelWidth { get; init; } = 1;
    public int StrideHeight { get; init; } = 1;
    public int StrideWidth { get; init; } = 1;
    public int DilationHeight { get; init; } = 1;
    public int DilationWidth { get; init; } = 1;
    public int PadTop { get; init; }
    public int PadLeft { get; init; }

    /// <summary>Rows of the matrix.</summary>
    public int Depth => KernelHeight * KernelWidth * Channels;

    /// <summary>Source columns that one row of windows covers, from −PadLeft on.</summary>
    public int CoveredWidth => ((Width - 1) * StrideWidth) + ((KernelWidth - 1) * DilationWidth) + 1;

    /// <summary>Source rows that all windows of an image cover, from −PadTop on.</summary>
    public int CoveredHeight => ((Height - 1) * StrideHeight) + ((KernelHeight - 1) * DilationHeight) + 1;

    /// <summary>Target pixels of an image.</summary>
    public int Pixels => Height * Width;

    /// <summary>
    /// The same product with all pixels in one row, where each window is one pixel and they follow one another.
    /// </summary>
    public WindowGrid Flattened() =>
        KernelHeight == 1 && KernelWidth == 1 && StrideHeight == 1 && StrideWidth == 1 && PadTop == 0 && PadLeft == 0
        && SourceHeight == Height && SourceWidth == Width && TargetRow == Width * TargetPixel
        && (Images == 1 || TargetImage == Height * TargetRow)
            ? this with { Images = 1, SourceHeight = 1, SourceWidth = Images * Pixels, Height = 1, Width = Images * Pixels }
            : this;
}
