using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Product;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Convolution;

/// <summary>
/// The im2col matrix of a convolution, never materialized as a whole: row p is output pixel p (n, y, x in order),
/// column t is tap (kh, kw, c). Blocks are gathered from the NHWC image in runs: the kw·c taps of a filter row are
/// contiguous without dilation or groups.
/// </summary>
internal sealed unsafe class Im2Col
{
    private readonly Conv2DGeometry _g;
    private readonly int _runTaps;
    private readonly int _runLength;

    public Im2Col(in Conv2DGeometry geometry)
    {
        _g = geometry;
        bool contiguous = geometry.DilationWidth == 1 && geometry.Groups == 1;
        _runTaps = contiguous ? geometry.KernelWidth : 1;
        _runLength = _runTaps * geometry.ChannelsPerGroup;
        Rows = geometry.Batch * geometry.OutputHeight * geometry.OutputWidth;
        Columns = geometry.KernelHeight * geometry.KernelWidth * geometry.ChannelsPerGroup;
    }

    /// <summary>Output pixels of the batch.</summary>
    public int Rows { get; }

    /// <summary>Taps of one filter.</summary>
    public int Columns { get; }

    /// <summary>The image at the first channel of the current group.</summary>
    public float* Image { get; set; }

    /// <summary>
    /// Whether the matrix is the image itself (a 1x1 convolution of stride 1 without padding), with rows
    /// <see cref="Conv2DGeometry.Channels"/> apart.
    /// </summary>
    public static bool IsIdentity(in Conv2DGeometry g) => g is
    {
        KernelHeight: 1, KernelWidth: 1, StrideHeight: 1, StrideWidth: 1, PadTop: 0, PadBottom: 0,
            PadLeft: 0, PadRight: 0
    };

    /// <summary>
    /// Gathers rows [row, row+rows), columns [column, column+count) into target, rows <paramref name="stride"/> floats
    /// apart.
    /// </summary>
    public void Fill(int row, int rows, int column, int count, float* target, long stride)
    {
        int x = row % _g.OutputWidth, line = row / _g.OutputWidth;
        int y = line % _g.OutputHeight, n = line / _g.OutputHeight;
        for (int i = 0; i < rows; i++, target += stride)
        {
            FillPixel(n, (y * _g.StrideHeight) - _g.PadTop, (x * _g.StrideWidth) - _g.PadLeft, column, count, target);
            if (++x < _g.OutputWidth)
                continue;
            x = 0;
            if (++y < _g.OutputHeight)
                continue;
            y = 0;
            n++;
        }
    }

    /// <summary>
    /// The transpose of <see cref="Fill"/>: adds a block back to the pixels that it was gathered from.
    /// </summary>
    public void Scatter(int row, int rows, int column, int count, float* source, long stride)
    {
        for (int i = 0; i < rows; i++, source += stride)
        {
            int x = (row + i) % _g.OutputWidth, line = (row + i) / _g.OutputWidth;
            int y = line % _g.OutputHeight, n = line / _g.OutputHeight;
            ScatterPixel(n, (y * _g.StrideHeight) - _g.PadTop, (x * _g.StrideWidth) - _g.PadLeft, column,
                count, source);
        }
    }

    private void ScatterPixel(int n, int top, int left, int column, int count, float* source)
    {
        int end = column + count, perTap = _runLength / _runTaps;
        for (int run = column / _runLength, start = run * _runLength; start < end; run++, start += _runLength)
        {
            int kh = _runTaps == 1 ? run / _g.KernelWidth : run;
            int h = top + (kh * _g.DilationHeight),
                w = _runTaps == 1 ? left + ((run - (kh * _g.KernelWidth)) * _g.DilationWidth) : left;
            if ((uint)h >= (uint)_g.Height)
                continue;
            int low = Math.Max(column, start) - start, high = Math.Min(end, start + _runLength) - start;
            int first = Math.Clamp(-w * perTap, low, high), last = Math.Clamp((_g.Width - w) * perTap, first, high);
            float* to = Image + (((((long)n * _g.Height) + h) * _g.Width + w) * _g.Channels);
            FloatSpans.Add(to + first, source + (start - column) + first, last - first);
        }
    }

    private void FillPixel(int n, int top, int left, int column, int count, float* target)
    {
        int end = column + count;
        for (int run = column / _runLength, start = run * _runLength; start < end; run++, start += _runLength)
        {
            int kh = _runTaps == 1 ? run / _g.KernelWidth : run;
            int h = top + (kh * _g.DilationHeight),
                w = _runTaps == 1 ? left + ((run - (kh * _g.KernelWidth)) * _g.DilationWidth) : left;
            int low = Math.Max(column, start), high = Math.Min(end, start + _runLength);
            float* to = target + (low - column);
            if ((uint)h >= (uint)_g.Height)
            {
                FloatSpans.Clear(to, high - low);
                continue;
            }
            float* from = Image + (((((long)n * _g.Height) + h) * _g.Width + w) * _g.Channels) + (low - start);
            if (w >= 0 && w + _runTaps <= _g.Width)
                FloatSpans.Copy(to, from, high - low);
            else
                CopyInside(to, from, low - start, high - start, w);
        }
    }

    /// <summary>A run that crosses the left or right edge: zeros outside.</summary>
    private void CopyInside(float* to, float* from, int low, int high, int w)
    {
        int perTap = _runLength / _runTaps;
        int first = Math.Clamp(-w * perTap, low, high), last = Math.Clamp((_g.Width - w) * perTap, first, high);
        FloatSpans.Clear(to, first - low);
        FloatSpans.Copy(to + (first - low), from + (first - low), last - first);
        FloatSpans.Clear(to + (last - low), high - last);
    }
}

/// <summary>Im2col as left operand: rows are output pixels.</summary>
internal sealed unsafe class PixelRows(Im2Col matrix) : GemmOperand
{
    public override float* Block(int row, int rows, int k, int count, float* buffer, out nint rowStride,
        out nint columnStride)
    {
        (rowStride, columnStride) = (count + RowPadding, 1);
        matrix.Fill(row, rows, k, count, buffer, rowStride);
        return buffer;
    }
}

/// <summary>Im2col transposed as left operand: rows are taps, the depth runs over output pixels.</summary>
internal sealed unsafe class TapRows(Im2Col matrix) : GemmOperand
{
    public override float* Block(int row, int rows, int k, int count, float* buffer, out nint rowStride,
        out nint columnStride)
    {
        (rowStride, columnStride) = (1, rows + RowPadding);
        matrix.Fill(k, count, row, rows, buffer, columnStride);
        return buffer;
    }
}
