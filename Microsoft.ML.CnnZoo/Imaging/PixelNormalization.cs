using System.Collections.Immutable;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using Microsoft.ML.CnnZoo.Imaging;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// y = value · scale + offset, per channel: from stored pixels to what a network takes. Part of a trained model.
/// </summary>
/// <param name="Scale">One factor per channel.</param>
/// <param name="Offset">One summand per channel.</param>
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
    /// (value - mean) / standard deviation, per channel; a channel without variation keeps its scale.
    /// </summary>
    internal static PixelNormalization FromStatistics(ChannelStatistics statistics)
    {
        ArgumentNullException.ThrowIfNull(statistics);
        float[] scale = [.. Enumerable.Range(0, statistics.Channels).Select(
            c => statistics.Deviation(c) > 1e-12 ? (float)(1 / statistics.Deviation(c)) : 1f)];
        return new([.. scale], [.. scale.Select((s, c) => (float)(-statistics.Mean(c) * s))]);
    }

    /// <summary>Normalizes pixels [n, channels] of bytes.</summary>
    public void Apply(ReadOnlySpan<byte> pixels, Span<float> target)
    {
        ToFloat(pixels, target);
        ApplyInPlace(target[..pixels.Length]);
    }

    /// <summary>Normalizes pixels [n, channels] of floats.</summary>
    public void Apply(ReadOnlySpan<float> pixels, Span<float> target)
    {
        pixels.CopyTo(target);
        ApplyInPlace(target[..pixels.Length]);
    }

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
