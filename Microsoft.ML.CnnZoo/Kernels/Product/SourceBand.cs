using System.Runtime.CompilerServices;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Product;

/// <summary>
/// The source rows that some rows of windows cover: in place, or, where windows reach beyond the left or right edge,
/// where pixels would evict one another from the cache, or where a window reads a group of a pixel's channels, copied
/// with zeros beside them.
/// </summary>
internal sealed unsafe class SourceBand
{
    // Floats between copied pixels, where their channels alone would map to the same cache sets.
    private const int PixelPadding = 16, ConflictFloats = 512;

    private readonly WindowGrid _g;
    private readonly bool _copies, _copiesMargins;

    /// <param name="grid">Sizes.</param>
    /// <param name="rows">Rows of windows that are opened together at most.</param>
    /// <param name="width">Windows of a row that are opened together at most.</param>
    /// <param name="copiesMargins">Whether rows above and below the image are there too, as zeros.</param>
    /// <param name="copiesAlways">Whether a band is copied even where it could be read in place.</param>
    public SourceBand(WindowGrid grid, int rows, int width, bool copiesMargins, bool copiesAlways = false)
    {
        (_g, _copiesMargins) = (grid, copiesMargins);
        bool overhangs = grid.PadLeft > 0 || grid.CoveredWidth - grid.PadLeft > grid.SourceWidth
            || (copiesMargins && (grid.PadTop > 0 || grid.CoveredHeight - grid.PadTop > grid.SourceHeight));
        bool conflicts = grid.SourcePitch % ConflictFloats == 0 && grid.Images * grid.Pixels > 1;
        _copies = copiesAlways || overhangs || conflicts
            || (grid.SourcePitch != grid.Channels && grid.KernelWidth > 1);
        Pitch = !_copies ? grid.SourcePitch : grid.Channels % ConflictFloats == 0 ? grid.Channels + PixelPadding
            : grid.Channels;
        RunsPerRow = grid.KernelWidth > 1 && (grid.DilationWidth > 1 || Pitch != grid.Channels) ? grid.KernelWidth : 1;
        RowFloats = (nint)Pitch * (_copies
            ? ((width - 1) * grid.StrideWidth) + ((grid.KernelWidth - 1) * grid.DilationWidth) + 1 : grid.SourceWidth);
        SourceRows = ((rows - 1) * grid.StrideHeight) + ((grid.KernelHeight - 1) * grid.DilationHeight) + 1;
        Floats = _copies ? (SourceRows * RowFloats + 15) / 16 * 16 : 0;
    }

    /// <summary>Floats from one pixel to the next.</summary>
    public int Pitch { get; }

    /// <summary>Floats from one row to the next.</summary>
    public nint RowFloats { get; }

    /// <summary>Source rows of a whole band.</summary>
    public int SourceRows { get; }

    /// <summary>
    /// Runs of contiguous floats in a row of a window: 1, or one for each tap where taps do not follow one another.
    /// </summary>
    public int RunsPerRow { get; }

    /// <summary>Floats that a copied band needs; 0 if none is copied.</summary>
    public long Floats { get; }

    /// <summary>Where a window's runs begin, floats from the window's first pixel.</summary>
    public nint[] Runs()
    {
        var runs = new nint[_g.KernelHeight * RunsPerRow];
        for (int i = 0; i < runs.Length; i++)
            runs[i] = (i / RunsPerRow * _g.DilationHeight * RowFloats) + (i % RunsPerRow * _g.DilationWidth * Pitch);
        return runs;
    }

    /// <summary>
    /// Opens rows of windows, of each the same columns, and returns where the first pixel of window (0, 0) lies or, with
    /// its row and column, would lie.
    /// </summary>
    public float* Open(float* source, int image, (int From, int To) y, (int From, int To) x, float* buffer)
    {
        WindowGrid g = _g;
        if (!_copies)
            return source + (((((long)image * g.SourceHeight) - g.PadTop) * g.SourceWidth) - g.PadLeft) * Pitch;
        int above = (y.From * g.StrideHeight) - g.PadTop,
            below = ((y.To - 1) * g.StrideHeight) - g.PadTop + ((g.KernelHeight - 1) * g.DilationHeight);
        int left = (x.From * g.StrideWidth) - g.PadLeft,
            covered = ((x.To - 1 - x.From) * g.StrideWidth) + ((g.KernelWidth - 1) * g.DilationWidth) + 1;
        for (int row = above; row <= below; row++)
        {
            float* target = buffer + ((row - above) * RowFloats);
            if ((uint)row < (uint)g.SourceHeight)
                CopyRow(source + (((long)image * g.SourceHeight) + row) * g.SourceWidth * g.SourcePitch, left, covered,
                    target);
            else if (_copiesMargins)
                FloatSpans.Clear(target, (long)covered * Pitch);
        }
        return buffer - (y.From * g.StrideHeight * RowFloats) - ((nint)x.From * g.StrideWidth * Pitch);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void CopyRow(float* source, int left, int covered, float* target)
    {
        int margin = Math.Clamp(-left, 0, covered), inside = Math.Clamp(_g.SourceWidth - left, margin, covered);
        FloatSpans.Clear(target, (long)margin * Pitch);
        float* from = source + ((long)(left + margin) * _g.SourcePitch), to = target + ((long)margin * Pitch);
        if (Pitch == _g.SourcePitch)
            FloatSpans.Copy(to, from, (long)(inside - margin) * Pitch);
        else
            for (int x = margin; x < inside; x++, to += Pitch, from += _g.SourcePitch)
                FloatSpans.Copy(to, from, _g.Channels);
        FloatSpans.Clear(target + ((long)inside * Pitch), (long)(covered - inside) * Pitch);
    }
}
