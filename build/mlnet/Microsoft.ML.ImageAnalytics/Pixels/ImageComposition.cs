using System.Numerics;
using Microsoft.ML.Data;
using static Microsoft.ML.Transforms.Image.ImagePixelExtractingEstimator;

namespace Microsoft.ML.Transforms.Image;

/// <summary>How an image is made of a vector: byte = value x scale - offset, rounded; absent channels have fixed values.</summary>
internal sealed record ImageComposition(
    int Height, int Width, PixelLayout Layout, float Scale, float Offset, byte DefaultAlpha, byte DefaultRed, byte DefaultGreen, byte DefaultBlue)
{
    public const string AcceptedTypes = "known-size vector of type float, double or byte";

    private const int RedOffset = 2;

    /// <summary>The type of the images.</summary>
    public ImageDataViewType Type => new(Height, Width);

    /// <summary>The length of a vector.</summary>
    public long VectorSize => (long)Height * Width * Layout.Channels;

    /// <exception cref="ArgumentOutOfRangeException">A size is not positive or too large, or the layout is none.</exception>
    public void Check()
    {
        ImageSize.Check(Height, Width);
        Layout.Checked();
    }

    /// <summary>Whether vectors of the item type can be converted.</summary>
    public static bool Accepts(DataViewType itemType) =>
        itemType == NumberDataViewType.Single || itemType == NumberDataViewType.Double || itemType == NumberDataViewType.Byte;

    /// <summary>The image of a dense vector.</summary>
    public MLImage Compose<T>(ReadOnlySpan<T> values)
        where T : INumberBase<T>
    {
        int count = Height * Width;
        byte[] pixels = new byte[count * 4];
        FillAbsentChannels(pixels);
        int[] offsets = Layout.ByteOffsets(RedOffset);
        for (int channel = 0; channel < offsets.Length; channel++)
        {
            int from = Layout.Interleave ? channel : channel * count;
            int step = Layout.Interleave ? offsets.Length : 1;
            for (int to = offsets[channel]; to < pixels.Length; to += 4, from += step)
                pixels[to] = ToByte(float.CreateSaturating(values[from]));
        }
        return MLImage.Own(Width, Height, MLPixelFormat.Bgra32, pixels);
    }

    private void FillAbsentChannels(byte[] pixels)
    {
        // ML.NET's way: with a scale or an offset, absent alpha is 0 and not the default.
        byte alpha = Scale == 1 && Offset == 0 ? DefaultAlpha : (byte)0;
        for (int i = 0; i < pixels.Length; i += 4)
        {
            pixels[i] = DefaultBlue;
            pixels[i + 1] = DefaultGreen;
            pixels[i + RedOffset] = DefaultRed;
            pixels[i + 3] = alpha;
        }
    }

    /// <summary>What lies beyond a byte's range becomes its end, NaN becomes 0.</summary>
    private byte ToByte(float value) => byte.CreateSaturating(MathF.Round((value * Scale) - Offset));

    public void Save(BinaryWriter writer)
    {
        writer.Write(Height);
        writer.Write(Width);
        Layout.Save(writer);
        writer.Write(Scale);
        writer.Write(Offset);
        writer.Write([DefaultAlpha, DefaultRed, DefaultGreen, DefaultBlue]);
    }

    public static ImageComposition Load(BinaryReader reader) => new(
        reader.ReadInt32(), reader.ReadInt32(), PixelLayout.Load(reader), reader.ReadSingle(), reader.ReadSingle(),
        reader.ReadByte(), reader.ReadByte(), reader.ReadByte(), reader.ReadByte());
}
