using Microsoft.ML.Data;
using static Microsoft.ML.Transforms.Image.ImagePixelExtractingEstimator;

namespace Microsoft.ML.Transforms.Image;

/// <summary>How an image's channels lie in a vector: which ones, in what order, plane by plane or pixel by pixel.</summary>
internal readonly record struct PixelLayout(ColorBits Colors, ColorsOrder Order, bool Interleave)
{
    /// <exception cref="ArgumentOutOfRangeException">No channel is taken, or there is no such order.</exception>
    public PixelLayout Checked()
    {
        if ((Colors & ColorBits.All) == 0 || (Colors & ~ColorBits.All) != 0)
            throw new ArgumentOutOfRangeException(nameof(Colors), "Need to use at least one color plane.");
        if (!Enum.IsDefined(Order))
            throw new ArgumentOutOfRangeException(nameof(Order), $"There is no order of colors {Order}.");
        return this;
    }

    /// <summary>How many channels are taken.</summary>
    public int Channels => Sequence().Count();

    /// <summary>The vector's dimensions.</summary>
    public int[] Dimensions(int height, int width) => Interleave ? [height, width, Channels] : [Channels, height, width];

    /// <summary>The channels as they follow each other.</summary>
    public IEnumerable<ColorBits> Sequence()
    {
        ColorBits colors = Colors;
        ColorBits[] all = Order switch
        {
            ColorsOrder.ARGB => [ColorBits.Alpha, ColorBits.Red, ColorBits.Green, ColorBits.Blue],
            ColorsOrder.ARBG => [ColorBits.Alpha, ColorBits.Red, ColorBits.Blue, ColorBits.Green],
            ColorsOrder.ABRG => [ColorBits.Alpha, ColorBits.Blue, ColorBits.Red, ColorBits.Green],
            ColorsOrder.ABGR => [ColorBits.Alpha, ColorBits.Blue, ColorBits.Green, ColorBits.Red],
            ColorsOrder.AGRB => [ColorBits.Alpha, ColorBits.Green, ColorBits.Red, ColorBits.Blue],
            _ => [ColorBits.Alpha, ColorBits.Green, ColorBits.Blue, ColorBits.Red],
        };
        return all.Where(channel => colors.HasFlag(channel));
    }

    /// <summary>Where each channel lies within a pixel of an image whose red is at <paramref name="redOffset"/>.</summary>
    public int[] ByteOffsets(int redOffset) => [.. Sequence().Select(channel => ByteOffset(channel, redOffset))];

    /// <summary>Where a channel lies within a pixel.</summary>
    public static int ByteOffset(ColorBits channel, int redOffset) => channel switch
    {
        ColorBits.Red => redOffset,
        ColorBits.Green => 1,
        ColorBits.Blue => 2 - redOffset,
        _ => 3,
    };

    public void Save(BinaryWriter writer)
    {
        writer.Write((byte)Colors);
        writer.Write((byte)Order);
        writer.Write(Interleave);
    }

    public static PixelLayout Load(BinaryReader reader) =>
        new PixelLayout((ColorBits)reader.ReadByte(), (ColorsOrder)reader.ReadByte(), reader.ReadBoolean()).Checked();
}
