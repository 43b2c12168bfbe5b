using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
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
        Vector128<float>[] line = ArrayPool<Vector128<float>>.Shared.Rent(Math.Max(source.Width, rowLength));
        try
        {
            for (int y = 0; y < rowCount; y++)
            {
                Load(source.Pixels.Slice((firstRow + y) * source.Width * PixelBytes, source.Width * PixelBytes), line);
                horizontal.FilterWithin(line, between.AsSpan(y * rowLength, rowLength));
            }
            for (int y = 0; y < vertical.Count; y++)
            {
                Span<Vector128<float>> sums = line.AsSpan(0, rowLength);
                vertical.FilterAcross(y, between, firstRow, sums);
                Store(sums, pixels.AsSpan((((rows.Start.Value + y) * width) + columns.Start.Value) * PixelBytes));
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
        ReadOnlySpan<uint> from = MemoryMarshal.Cast<byte, uint>(row);
        for (int x = 0; x < from.Length; x++)
        {
            Vector128<byte> bytes = Vector128.CreateScalar(from[x]).AsByte();
            line[x] = Vector128.ConvertToSingle(Vector128.WidenLower(Vector128.WidenLower(bytes)).AsInt32());
        }
    }

    /// <summary>Premultiplied colour over opaque black is the colour itself; overshoot of the filter is cut at 0 and at alpha.</summary>
    private static void Store(ReadOnlySpan<Vector128<float>> line, Span<byte> target)
    {
        Vector128<float> half = Vector128.Create(0.5f);
        Vector128<float> full = Vector128.Create(255f);
        for (int x = 0; x < line.Length; x++)
        {
            Vector128<float> alpha = Vector128.Floor(Vector128.Create(line[x][3]) + half);
            Vector128<float> limit = Vector128.Max(Vector128<float>.Zero, Vector128.Min(full, alpha));
            Vector128<int> color = Vector128.ConvertToInt32(Vector128.Max(Vector128<float>.Zero, Vector128.Min(limit, line[x] + half)));
            Vector128<short> words = Vector128.Narrow(color, color);
            uint pixel = Vector128.Narrow(words.AsUInt16(), words.AsUInt16()).AsUInt32()[0];
            BinaryPrimitives.WriteUInt32LittleEndian(target[(x * PixelBytes)..], pixel | 0xFF000000);
        }
    }
}
