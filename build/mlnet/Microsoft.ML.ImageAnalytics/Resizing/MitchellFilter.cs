using System.Runtime.Intrinsics;

namespace Microsoft.ML.Transforms.Image;

/// <summary>
/// Weights of a bicubic filter along one axis. Mitchell, Netravali 1988, "Reconstruction filters in computer graphics", with B = C = 1/3.
/// </summary>
/// <remarks>
/// Enlarging, each output is the weighted mean of the 4 inputs around its centre. Shrinking, the kernel is stretched by the factor, so that every
/// input counts and nothing aliases. Beyond the edge the outermost input is repeated. The weights of an output add up to 1.
/// </remarks>
internal sealed class MitchellFilter
{
    private readonly float[] _weights;
    private readonly int[] _first;
    private readonly int _taps;

    private MitchellFilter(float[] weights, int[] first, int taps)
    {
        _weights = weights;
        _first = first;
        _taps = taps;
        FirstInput = first.Min();
        EndInput = first.Max() + taps;
    }

    /// <summary>How many outputs there are.</summary>
    public int Count => _first.Length;

    /// <summary>The least input that any output needs.</summary>
    public int FirstInput { get; }

    /// <summary>The input after the last one that any output needs.</summary>
    public int EndInput { get; }

    /// <summary>For outputs <paramref name="start"/> to <paramref name="end"/> (exclusive) of an axis scaled from one length to another.</summary>
    public static MitchellFilter Create(int inputLength, int outputLength, int start, int end)
    {
        double step = (double)inputLength / outputLength;
        double stretch = Math.Max(1, step);
        int taps = Math.Min(inputLength, (int)Math.Ceiling(4 * stretch) + 1);
        float[] weights = new float[(end - start) * taps];
        int[] first = new int[end - start];
        for (int i = 0; i < first.Length; i++)
        {
            double center = (start + i + 0.5) * step;
            int lowest = (int)Math.Floor(center - (2 * stretch) - 0.5) + 1;
            first[i] = Math.Clamp(lowest, 0, inputLength - taps);
            Fill(weights.AsSpan(i * taps, taps), first[i], center, stretch, lowest, inputLength);
        }
        return new MitchellFilter(weights, first, taps);
    }

    private static void Fill(Span<float> weights, int first, double center, double stretch, int lowest, int inputLength)
    {
        int highest = (int)Math.Ceiling(center + (2 * stretch) - 0.5) - 1;
        double sum = 0;
        for (int j = lowest; j <= highest; j++)
            sum += Kernel((j + 0.5 - center) / stretch);
        for (int j = lowest; j <= highest; j++)
            weights[Math.Clamp(j, 0, inputLength - 1) - first] += (float)(Kernel((j + 0.5 - center) / stretch) / sum);
    }

    private static double Kernel(double x)
    {
        x = Math.Abs(x);
        if (x >= 2)
            return 0;
        return x < 1
            ? ((7 * x * x * x) - (12 * x * x) + (16.0 / 3)) / 6
            : ((-7.0 / 3 * x * x * x) + (12 * x * x) - (20 * x) + (32.0 / 3)) / 6;
    }

    /// <summary>All outputs of one line; the filter runs along it.</summary>
    public void FilterWithin(ReadOnlySpan<Vector128<float>> line, Span<Vector128<float>> outputs)
    {
        for (int i = 0; i < outputs.Length; i++)
        {
            ReadOnlySpan<float> weights = _weights.AsSpan(i * _taps, _taps);
            ReadOnlySpan<Vector128<float>> window = line.Slice(_first[i], weights.Length);
            Vector128<float> sum = Vector128<float>.Zero;
            for (int tap = 0; tap < weights.Length; tap++)
                sum += window[tap] * weights[tap];
            outputs[i] = sum;
        }
    }

    /// <summary>Output line <paramref name="index"/>; the filter runs from line to line, the first of which is <paramref name="firstLine"/>.</summary>
    public void FilterAcross(int index, ReadOnlySpan<Vector128<float>> lines, int firstLine, Span<Vector128<float>> outputs)
    {
        outputs.Clear();
        int position = (_first[index] - firstLine) * outputs.Length;
        foreach (float weight in _weights.AsSpan(index * _taps, _taps))
        {
            ReadOnlySpan<Vector128<float>> line = lines.Slice(position, outputs.Length);
            for (int i = 0; i < outputs.Length; i++)
                outputs[i] += line[i] * weight;
            position += outputs.Length;
        }
    }
}
