using System.Collections.Immutable;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using Microsoft.ML.CnnZoo.Imaging;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// value · scale + offset, per channel: from an image's pixels, 0…255, to a network's input. Part of a trained model.
/// </summary>
/// <param name="Scale">One factor per channel, in the order red, green, blue.</param>
/// <param name="Offset">What is added after that, one value per channel.</param>
public sealed record PixelNormalization(ImmutableArray<float> Scale, ImmutableArray<float> Offset)
{
    private const int TileLength = 192;

    /// <summary>Number of channels.</summary>
    public int Channels => Scale.Length;

    /// <summary>Whether no value is infinite or not a number.</summary>
    internal bool IsFinite => Scale.All(float.IsFinite) && Offset.All(float.IsFinite);

    /// <summary>Values as they are.</summary>
    public static PixelNormalization Identity(int channels) => Uniform(channels, 1, 0);

    /// <summary>The same scale and offset for all channels.</summary>
    public static PixelNormalization Uniform(int channels, float scale, float offset) =>
        new([.. Enumerable.Repeat(scale, channels)], [.. Enumerable.Repeat(offset, channels)]);

    /// <summary>
    /// What most weights of torchvision and timm were trained with: mean 0.485, 0.456, 0.406 and standard deviation
    /// 0.229, 0.224, 0.225 of red, green, blue in 0…1, converted for pixels of 0…255.
    /// </summary>
    public static PixelNormalization ImageNet { get; } = FromMeans([0.485 * 255, 0.456 * 255, 0.406 * 255],
        [0.229 * 255, 0.224 * 255, 0.225 * 255]);

    /// <summary>From 0…255 to [-1, 1], the Inception family's.</summary>
    public static PixelNormalization SignedUnitRange(int channels) => Uniform(channels, 1 / 127.5f, -1);

    /// <summary>
    /// LeNet's, from 0…255: background 0 to -0.1, ink 255 to 1.175, as MNIST's files hold them. For dark ink on white
    /// paper, so that 255 becomes -0.1, use <c>Uniform(1, -1.275f / 255, 1.175f)</c>. LeCun et al. 1998, §II.B.
    /// </summary>
    public static PixelNormalization LeCun1998(int channels) => Uniform(channels, 1.275f / 255, -0.1f);

    /// <summary>What a paper does to pixels.</summary>
    /// <param name="scaling">The paper's rule.</param>
    /// <param name="statistics">Of the training images.</param>
    internal static PixelNormalization Of(PixelScaling scaling, ChannelStatistics statistics)
    {
        int channels = statistics.Channels;
        return scaling switch
        {
            PixelScaling.SignedUnitRange => SignedUnitRange(channels),
            PixelScaling.LeCun1998 => LeCun1998(channels),
            _ => FromStatistics(statistics),
        };
    }

    /// <summary>
    /// (value - mean) / standard deviation, per channel; a channel without variation keeps its scale.
    /// </summary>
    internal static PixelNormalization FromStatistics(ChannelStatistics statistics)
    {
        ArgumentNullException.ThrowIfNull(statistics);
        return FromMeans([.. Enumerable.Range(0, statistics.Channels).Select(statistics.Mean)],
            [.. Enumerable.Range(0, statistics.Channels).Select(statistics.StandardDeviation)]);
    }

    private static PixelNormalization FromMeans(double[] means, double[] standardDeviations)
    {
        float[] scale = [.. standardDeviations.Select(d => d > 1e-12 ? (float)(1 / d) : 1f)];
        return new([.. scale], [.. scale.Select((s, c) => (float)(-means[c] * s))]);
    }

    /// <summary>Normalizes pixels [n, channels], channels side by side.</summary>
    /// <param name="pixels">n · channels bytes.</param>
    /// <param name="target">Receives as many values; it may be longer.</param>
    public void Apply(ReadOnlySpan<byte> pixels, Span<float> target)
    {
        ToFloat(pixels, target);
        ApplyInPlace(target[..pixels.Length]);
    }

    /// <summary>Normalizes pixels [n, channels], channels side by side.</summary>
    /// <param name="pixels">n · channels floats.</param>
    /// <param name="target">Receives as many values; it may be longer.</param>
    public void Apply(ReadOnlySpan<float> pixels, Span<float> target)
    {
        pixels.CopyTo(target);
        ApplyInPlace(target[..pixels.Length]);
    }

    /// <summary>The value that became a normalized one.</summary>
    internal float Undo(float value, int channel) => (value - Offset[channel]) / Scale[channel];

    /// <inheritdoc/>
    public bool Equals(PixelNormalization? other) =>
        other is not null && Scale.SequenceEqual(other.Scale) && Offset.SequenceEqual(other.Offset);

    /// <inheritdoc/>
    public override int GetHashCode() =>
        HashCode.Combine(Channels, Channels > 0 ? Scale[0] : 0, Channels > 0 ? Offset[0] : 0);

    /// <summary>Widens bytes to floats, sixteen at a time; the rest one by one.</summary>
    internal static void ToFloat(ReadOnlySpan<byte> source, Span<float> target)
    {
        int i = 0;
        if (Vector128.IsHardwareAccelerated)
        {
            ref byte s = ref System.Runtime.InteropServices.MemoryMarshal.GetReference(source);
            target = target[..source.Length];
            ref float t = ref System.Runtime.InteropServices.MemoryMarshal.GetReference(target);
            for (; i <= source.Length - 16; i += 16)
            {
                (Vector128<ushort> low, Vector128<ushort> high) =
                    Vector128.Widen(Vector128.LoadUnsafe(ref s, (nuint)i));
                (Vector128<uint> a, Vector128<uint> b) = Vector128.Widen(low);
                (Vector128<uint> c, Vector128<uint> d) = Vector128.Widen(high);
                Vector128.ConvertToSingle(a.AsInt32()).StoreUnsafe(ref t, (nuint)i);
                Vector128.ConvertToSingle(b.AsInt32()).StoreUnsafe(ref t, (nuint)i + 4);
                Vector128.ConvertToSingle(c.AsInt32()).StoreUnsafe(ref t, (nuint)i + 8);
                Vector128.ConvertToSingle(d.AsInt32()).StoreUnsafe(ref t, (nuint)i + 12);
            }
        }
        for (; i < source.Length; i++)
            target[i] = source[i];
    }

    private void ApplyInPlace(Span<float> values) => ApplyInPlace(values, Scale.AsSpan(), Offset.AsSpan());

    /// <summary>
    /// Multiplies and adds channel by channel; for three channels, many pixels at a time with the factors laid out as
    /// the pixels are.
    /// </summary>
    internal static void ApplyInPlace(Span<float> values, ReadOnlySpan<float> scale, ReadOnlySpan<float> offset)
    {
        if (scale.Length == 1)
        {
            TensorPrimitives.Multiply(values, scale[0], values);
            TensorPrimitives.Add(values, offset[0], values);
            return;
        }
        Span<float> scales = stackalloc float[TileLength], offsets = stackalloc float[TileLength];
        int tile = TileLength / scale.Length * scale.Length;
        for (int i = 0; i < tile; i++)
            (scales[i], offsets[i]) = (scale[i % scale.Length], offset[i % scale.Length]);
        for (int start = 0; start < values.Length; start += tile)
        {
            Span<float> part = values.Slice(start, Math.Min(tile, values.Length - start));
            TensorPrimitives.Multiply(part, scales[..part.Length], part);
            TensorPrimitives.Add(part, offsets[..part.Length], part);
        }
    }
}
