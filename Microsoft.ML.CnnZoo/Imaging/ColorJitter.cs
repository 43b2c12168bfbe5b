using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Microsoft.ML.CnnZoo.Imaging;

/// <summary>How much an image's colors change: factors minus 1, so that the default changes nothing.</summary>
/// <param name="Brightness">Factor of the pixels - 1.</param>
/// <param name="Contrast">Factor of their distance from the mean gray - 1.</param>
/// <param name="Saturation">Factor of their distance from their own gray - 1.</param>
/// <param name="Hue">Turns of the color circle.</param>
internal readonly record struct ColorFactors(float Brightness, float Contrast, float Saturation, float Hue)
{
    /// <summary>Whether nothing is changed.</summary>
    public bool IsNone => this == default;
}

/// <summary>
/// Brightness, contrast, saturation and hue of an image, in this order, as torchvision's ColorJitter defines them.
/// Keeps planes: not thread-safe.
/// </summary>
/// <remarks>
/// Brightness: b·v. Contrast: c·v + (1 - c)·m, m the mean of 0.299·R + 0.587·G + 0.114·B. Saturation: s·v + (1 - s)·g,
/// g the pixel's gray. Hue: turned in the HSV hexagon, value and chroma kept. After each, values are cut to the range.
/// </remarks>
/// <param name="channels">1 or 3; gray has neither saturation nor hue.</param>
internal sealed class ColorJitter(int channels)
{
    private const float Red = 0.299f, Green = 0.587f, Blue = 0.114f;
    private float[] _planes = [];

    /// <summary>Changes pixels in place.</summary>
    /// <param name="pixels">[n, channels].</param>
    /// <param name="factors">How much.</param>
    /// <param name="isBounded">Whether values are cut to 0…255.</param>
    public void Apply(Span<float> pixels, ColorFactors factors, bool isBounded)
    {
        float least = isBounded ? 0 : float.MinValue, most = isBounded ? 255 : float.MaxValue;
        if (channels == 1)
        {
            Brighten(pixels, 1 + factors.Brightness, least, most);
            Blend(pixels, 1 + factors.Contrast, pixels.Length == 0 ? 0 : TensorPrimitives.Sum(pixels) / pixels.Length,
                least, most);
            return;
        }
        int count = pixels.Length / 3;
        if (_planes.Length < pixels.Length)
            _planes = new float[pixels.Length];
        Span<float> planes = _planes.AsSpan(0, pixels.Length), red = planes[..count],
            green = planes.Slice(count, count), blue = planes[(2 * count)..];
        for (int i = 0, k = 0; i < count && k + 2 < pixels.Length; i++, k += 3)
            (red[i], green[i], blue[i]) = (pixels[k], pixels[k + 1], pixels[k + 2]);
        Brighten(planes, 1 + factors.Brightness, least, most);
        if (factors.Contrast != 0)
            Blend(planes, 1 + factors.Contrast, (Red * TensorPrimitives.Sum<float>(red)
                + Green * TensorPrimitives.Sum<float>(green) + Blue * TensorPrimitives.Sum<float>(blue)) / count,
                least, most);
        if (factors.Saturation != 0)
            Saturate(red, green, blue, 1 + factors.Saturation, least, most);
        if (factors.Hue != 0)
            Turn(red, green, blue, factors.Hue);
        for (int i = 0, k = 0; i < count && k + 2 < pixels.Length; i++, k += 3)
            (pixels[k], pixels[k + 1], pixels[k + 2]) = (red[i], green[i], blue[i]);
    }

    private static void Brighten(Span<float> values, float factor, float least, float most)
    {
        if (factor == 1)
            return;
        TensorPrimitives.Multiply(values, factor, values);
        Clamp(values, least, most);
    }

    private static void Blend(Span<float> values, float factor, float mean, float least, float most)
    {
        if (factor == 1)
            return;
        TensorPrimitives.Multiply(values, factor, values);
        TensorPrimitives.Add(values, (1 - factor) * mean, values);
        Clamp(values, least, most);
    }

    private static void Clamp(Span<float> values, float least, float most)
    {
        if (most < float.MaxValue)
            TensorPrimitives.Clamp(values, least, most, values);
    }

    /// <summary>As many pixels at a time as a vector has lanes; the rest one by one.</summary>
    private static void Saturate(Span<float> red, Span<float> green, Span<float> blue, float factor, float least,
        float most)
    {
        Vector<float> low = new(least), high = new(most), part = new(1 - factor);
        Span<Vector<float>> r = MemoryMarshal.Cast<float, Vector<float>>(red),
            g = MemoryMarshal.Cast<float, Vector<float>>(green), b = MemoryMarshal.Cast<float, Vector<float>>(blue);
        for (int i = 0; i < r.Length; i++)
        {
            Vector<float> gray = (r[i] * Red + g[i] * Green + b[i] * Blue) * part;
            r[i] = Vector.Min(Vector.Max(r[i] * factor + gray, low), high);
            g[i] = Vector.Min(Vector.Max(g[i] * factor + gray, low), high);
            b[i] = Vector.Min(Vector.Max(b[i] * factor + gray, low), high);
        }
        for (int i = r.Length * Vector<float>.Count; i < red.Length; i++)
        {
            float gray = (red[i] * Red + green[i] * Green + blue[i] * Blue) * (1 - factor);
            red[i] = Math.Clamp(red[i] * factor + gray, least, most);
            green[i] = Math.Clamp(green[i] * factor + gray, least, most);
            blue[i] = Math.Clamp(blue[i] * factor + gray, least, most);
        }
    }

    private static void Turn(Span<float> red, Span<float> green, Span<float> blue, float turns)
    {
        Span<Vector<float>> r = MemoryMarshal.Cast<float, Vector<float>>(red),
            g = MemoryMarshal.Cast<float, Vector<float>>(green), b = MemoryMarshal.Cast<float, Vector<float>>(blue);
        for (int i = 0; i < r.Length; i++)
            (r[i], g[i], b[i]) = Turned(r[i], g[i], b[i], turns);
        for (int i = r.Length * Vector<float>.Count; i < red.Length; i++)
        {
            (Vector<float> x, Vector<float> y, Vector<float> z) =
                Turned(new(red[i]), new(green[i]), new(blue[i]), turns);
            (red[i], green[i], blue[i]) = (x[0], y[0], z[0]);
        }
    }

    /// <summary>
    /// The hexagon's hue h in sixths of a turn, then each channel = value - chroma·clamp(min(k, 4 - k), 0, 1), k = h + 5,
    /// 3, 1 modulo 6 for red, green, blue (Smith 1978).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector<float> Red, Vector<float> Green, Vector<float> Blue) Turned(
        Vector<float> r, Vector<float> g, Vector<float> b, float turns)
    {
        Vector<float> value = Vector.Max(Vector.Max(r, g), b), chroma = value - Vector.Min(Vector.Min(r, g), b);
        Vector<float> divisor = Vector.ConditionalSelect(
            Vector.Equals(chroma, Vector<float>.Zero), Vector<float>.One, chroma);
        Vector<float> hue = Vector.ConditionalSelect(Vector.Equals(value, r), (g - b) / divisor,
            Vector.ConditionalSelect(Vector.Equals(value, g), (b - r) / divisor + new Vector<float>(2),
                (r - g) / divisor + new Vector<float>(4))) + new Vector<float>(6 * turns);
        return (Channel(value, chroma, hue, 5), Channel(value, chroma, hue, 3), Channel(value, chroma, hue, 1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Channel(Vector<float> value, Vector<float> chroma, Vector<float> hue, float place)
    {
        Vector<float> k = hue + new Vector<float>(place);
        k -= Vector.Floor(k * (1f / 6)) * 6;
        Vector<float> share = Vector.Min(Vector.Min(k, new Vector<float>(4) - k), Vector<float>.One);
        return value - chroma * Vector.Max(share, Vector<float>.Zero);
    }
}
