using System.Collections.Immutable;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.CnnZoo.Imaging;

/// <summary>y = value · scale + offset, per channel: from stored pixels to what a network takes. Part of a trained model.</summary>
/// <param name="Scale">One factor per channel.</param>
/// <param name="Offset">One summand per channel.</param>
public sealed record PixelNormalization(ImmutableArray<float> Scale, ImmutableArray<float> Offset)
{
    /// <summary>Number of channels.</summary>
    public int Channels => Scale.Length;

    /// <summary>Values as they are.</summary>
    public static PixelNormalization Identity(int channels) => Uniform(channels, 1, 0);

    /// <summary>The same scale and offset for all channels.</summary>
    public static PixelNormalization Uniform(int channels, float scale, float offset) =>
        new([.. Enumerable.Repeat(scale, channels)], [.. Enumerable.Repeat(offset, channels)]);

    /// <summary>(value - mean) / deviation, per channel; a channel without variation keeps its scale.</summary>
    public static PixelNormalization FromStatistics(ChannelStatistics statistics)
    {
        ArgumentNullException.ThrowIfNull(statistics);
        float[] scale = [.. Enumerable.Range(0, statistics.Channels).Select(c => statistics.Deviation(c) > 1e-12 ? (float)(1 / statistics.Deviation(c)) : 1f)];
        return new([.. scale], [.. scale.Select((s, c) => (float)(-statistics.Mean(c) * s))]);
    }

    /// <summary>Normalises pixels [n, channels] of bytes.</summary>
    public void Apply(ReadOnlySpan<byte> pixels, Span<float> target)
    {
        ToFloat(pixels, target);
        ApplyInPlace(target[..pixels.Length]);
    }

    /// <summary>Normalises pixels [n, channels] of floats.</summary>
    public void Apply(ReadOnlySpan<float> pixels, Span<float> target)
    {
        pixels.CopyTo(target);
        ApplyInPlace(target[..pixels.Length]);
    }

    /// <inheritdoc/>
    public bool Equals(PixelNormalization? other) => other is not null && Scale.SequenceEqual(other.Scale) && Offset.SequenceEqual(other.Offset);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Channels, Channels > 0 ? Scale[0] : 0, Channels > 0 ? Offset[0] : 0);

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
                (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(Vector128.LoadUnsafe(ref s, (nuint)i));
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

    private void ApplyInPlace(Span<float> values)
    {
        if (Channels == 1)
        {
            TensorPrimitives.Multiply(values, Scale[0], values);
            TensorPrimitives.Add(values, Offset[0], values);
            return;
        }
        for (int i = 0; i < values.Length; i += Channels)
            for (int c = 0; c < Channels; c++)
                values[i + c] = values[i + c] * Scale[c] + Offset[c];
    }
}

/// <summary>Mean and standard deviation of each channel over many images; sums of bytes are exact, whatever their number.</summary>
public sealed class ChannelStatistics
{
    private readonly double[] _sums, _squares;
    private long _pixels;

    /// <summary>Starts with nothing counted.</summary>
    /// <param name="channels">Values per pixel.</param>
    public ChannelStatistics(int channels) => (_sums, _squares) = (new double[channels], new double[channels]);

    /// <summary>Number of channels.</summary>
    public int Channels => _sums.Length;

    /// <summary>Counts pixels [n, channels].</summary>
    public void Add(ReadOnlySpan<byte> pixels)
    {
        int channels = Channels;
        for (int c = 0; c < channels; c++)
        {
            long sum = 0, squares = 0;
            for (int i = c; i < pixels.Length; i += channels)
            {
                int value = pixels[i];
                sum += value;
                squares += value * value;
            }
            _sums[c] += sum;
            _squares[c] += squares;
        }
        _pixels += pixels.Length / channels;
    }

    /// <summary>Counts pixels [n, channels].</summary>
    public void Add(ReadOnlySpan<float> pixels)
    {
        int channels = Channels;
        for (int i = 0; i < pixels.Length; i++)
        {
            double value = pixels[i];
            _sums[i % channels] += value;
            _squares[i % channels] += value * value;
        }
        _pixels += pixels.Length / channels;
    }

    /// <summary>Mean of a channel; 0 when nothing was counted.</summary>
    public double Mean(int channel) => _pixels == 0 ? 0 : _sums[channel] / _pixels;

    /// <summary>Standard deviation of a channel, over all pixels.</summary>
    public double Deviation(int channel) => _pixels == 0 ? 0 : Math.Sqrt(Math.Max(0, _squares[channel] / _pixels - Mean(channel) * Mean(channel)));
}
