using Microsoft.ML.Data;

namespace Microsoft.ML.Transforms.Image;

/// <summary>Layout and values of extracted pixels. Floats are (pixel - offset) x scale; bytes are as they are.</summary>
internal sealed record PixelExtraction(PixelLayout Layout, float Offset, float Scale, bool AsFloat)
{
    /// <summary>The type of a vector's items.</summary>
    public PrimitiveDataViewType ItemType => AsFloat ? NumberDataViewType.Single : NumberDataViewType.Byte;

    /// <summary>What becomes of each byte.</summary>
    public float[] FloatOfByte()
    {
        float[] table = new float[256];
        for (int i = 0; i < table.Length; i++)
            table[i] = (i - Offset) * Scale;
        return table;
    }

    /// <summary>What becomes of each byte.</summary>
    public static byte[] ByteOfByte() => [.. Enumerable.Range(0, 256).Select(i => (byte)i)];

    /// <summary>Fills the vector with the image's pixels, each through the table.</summary>
    public void Extract<T>(MLImage image, T[] table, Span<T> values)
    {
        ReadOnlySpan<byte> pixels = image.Pixels;
        int[] offsets = Layout.ByteOffsets(image.RedOffset);
        int count = pixels.Length / 4;
        for (int channel = 0; channel < offsets.Length; channel++)
        {
            int to = Layout.Interleave ? channel : channel * count;
            int step = Layout.Interleave ? offsets.Length : 1;
            for (int from = offsets[channel]; from < pixels.Length; from += 4, to += step)
                values[to] = table[pixels[from]];
        }
    }

    public void Save(BinaryWriter writer)
    {
        Layout.Save(writer);
        writer.Write(AsFloat);
        writer.Write(Offset);
        writer.Write(Scale);
    }

    public static PixelExtraction Load(BinaryReader reader)
    {
        PixelLayout layout = PixelLayout.Load(reader);
        bool asFloat = reader.ReadBoolean();
        return new PixelExtraction(layout, reader.ReadSingle(), reader.ReadSingle(), asFloat);
    }
}
