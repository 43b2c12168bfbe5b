using System.Buffers;
using System.Runtime.Intrinsics;
using Microsoft.ML.Data;

namespace Microsoft.ML.Transforms.Image;

/// <summary>Draws one image scaled onto another.</summary>
internal static class ImageScaler
{
    private const int PixelBytes = 4;

    /// <summary>The image stretched to the size, each pixel the one of the source under its centre; alpha is kept.</summary>
    public static MLImage Nearest(MLImage source, int width, int height)
    {
        ReadOnlySpan<byte> from = source.Pixels;
        byte[] to = GC.AllocateUninitializedArray<byte>(checked(width * height * PixelBytes));
        int[] columns = NearestIndices(source.Width, width);
        int[] rows = NearestIndices(source.Height, height);
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<byte> row = from.Slice(rows[y] * source.Width * PixelBytes, source.Width * PixelBytes);
            Span<byte> target = to.AsSpan(y * width * PixelBytes, width * PixelBytes);
            for (int x = 0; x < width; x++)
                row.Slice(columns[x] * PixelBytes, PixelBytes).CopyTo(target[(x * PixelBytes)..]);
        }
        return MLImage.Own(width, height, source.PixelFormat, to);
    }

    /// <summary>Black and opaque, with the source drawn at <paramref name="drawn"/>: bicubic, prefiltered when it shrinks.</summary>
    public static MLImage Bicubic(MLImage source, int width, int height, ResizeGeometry drawn)
    {
        byte[] pixels = new byte[checked(width * height * PixelBytes)];
        for (int i = 3; i < pixels.Length; i += PixelBytes)
            pixels[i] = 255;
        var target = MLImage.Own(width, height, source.PixelFormat, pixels);
        Range columns = Visible(drawn.X, drawn.Width, width);
        Range rows = Visible(drawn.Y, drawn.Height, height);
        if (columns.End.Value <= columns.Start.Value || rows.End.Value <= rows.Start.Value)
            return target;
        if (drawn.Width == source.Width && drawn.Height == source.Height)
            Copy(source, pixels, width, drawn, columns, rows);
        else
            Filter(source, pixels, width, drawn, columns, rows);
        return target;
    }

    private static int[] NearestIndices(int sourceLength, int length)
    {
        int[] indices = new int[length];
        for (int i = 0; i < length; i++)
            indices[i] = (int)(((2L * i) + 1) * sourceLength / (2L * length));
        return indices;
    }

    private static Range Visible(int offset, int drawnLength, int length) => Math.Max(0, offset)..Math.Max(0, Math.Min(length, offset + drawnLength));

    /// <summary>Without scaling nothing is filtered.</summary>
    private static void Copy(MLImage source, byte[] pixels, int width, ResizeGeometry drawn, Range columns, Range rows)
    {
        ReadOnlySpan<byte> from = source.Pixels;
        for (int y = rows.Start.Value; y < rows.End.Value; y++)
        {
            for (int x = columns.Start.Value; x < columns.End.Value; x++)
            {
                int i = (((y - drawn.Y) * source.Width) + x - drawn.X) * PixelBytes;
                from.Slice(i, PixelBytes - 1).CopyTo(pixels.AsSpan(((y * width) + x) * PixelBytes));
            }
        }
    }

    private static void Filter(MLImage source, byte[] pixels, int width, ResizeGeometry drawn, Range columns, Range rows)
    {
        var horizontal = MitchellFilter.Create(source.Width, drawn.Width, columns.Start.Value - drawn.X, columns.End.Value - drawn.X);
        var vertical = MitchellFilter.Create(source.Height, drawn.Height, rows.Start.Value - drawn.Y, rows.End.Value - drawn.Y);
        int rowLength = horizontal.Count;
        int firstRow = vertical.FirstInput;
        int rowCount = vertical.EndInput - firstRow;
        Vector128<float>[] between = ArrayPool<Vector128<float>>.Shared.Rent(checked(rowLength * rowCount));
        Vector128<float>[] line = ArrayPool<Vector128<float>>.Shared.Rent(source.Width);
        try
        {
            for (int y = 0; y < rowCount; y++)
            {
                Load(source.Pixels.Slice((firstRow + y) * source.Width * PixelBytes, source.Width * PixelBytes), line);
                for (int x = 0; x < rowLength; x++)
                    between[(y * rowLength) + x] = horizontal.Apply(x, line, 0, 1);
            }
            for (int y = 0; y < vertical.Count; y++)
            {
                Span<byte> target = pixels.AsSpan((((rows.Start.Value + y) * width) + columns.Start.Value) * PixelBytes);
                for (int x = 0; x < rowLength; x++)
                    Store(vertical.Apply(y, between, x - (firstRow * rowLength), rowLength), target[(x * PixelBytes)..]);
            }
        }
        finally
        {
            ArrayPool<Vector128<float>>.Shared.Return(between);
            ArrayPool<Vector128<float>>.Shared.Return(line);
        }
    }

    private static void Load(ReadOnlySpan<byte> row, Vector128<float>[] line)
    {
        for (int x = 0, i = 0; i < row.Length; x++, i += PixelBytes)
            line[x] = Vector128.Create((float)row[i], row[i + 1], row[i + 2], row[i + 3]);
    }

    /// <summary>Premultiplied colour over opaque black is the colour itself; overshoot of the filter is cut at 0 and at alpha.</summary>
    private static void Store(Vector128<float> pixel, Span<byte> target)
    {
        float alpha = Math.Clamp(MathF.Round(pixel[3]), 0f, 255f);
        Vector128<float> limited = Vector128.Min(Vector128.Max(pixel + Vector128.Create(0.5f), Vector128<float>.Zero), Vector128.Create(alpha));
        Vector128<int> rounded = Vector128.ConvertToInt32(limited);
        target[0] = (byte)rounded[0];
        target[1] = (byte)rounded[1];
        target[2] = (byte)rounded[2];
    }
}
