namespace Microsoft.ML.CnnZoo.Imaging;

/// <summary>
/// Which source pixels make up each target pixel along one axis: a triangle filter, as wide as a target pixel when shrinking (no aliasing), bilinear when enlarging.
/// </summary>
/// <remarks>
/// Target pixel i is centred at start + (i + ½)·s in source pixels, s = extent / target; source pixel j weighs max(0, 1 - |j + ½ - centre| / max(1, s)), normalised to sum 1.
/// At s = 1 every target pixel is one source pixel exactly.
/// </remarks>
internal sealed class ResamplingWeights
{
    private readonly int[] _first;
    private readonly float[][] _weights;

    /// <param name="source">Pixels along the axis.</param>
    /// <param name="start">Where the part that is used begins, in pixels.</param>
    /// <param name="extent">How long that part is, in pixels.</param>
    /// <param name="target">Pixels wanted.</param>
    public ResamplingWeights(int source, double start, double extent, int target)
    {
        _first = new int[target];
        _weights = new float[target][];
        double scale = extent / target, support = Math.Max(1, scale);
        for (int i = 0; i < target; i++)
        {
            double centre = start + (i + 0.5) * scale;
            int first = Math.Clamp((int)Math.Floor(centre - support), 0, source - 1);
            int last = Math.Clamp((int)Math.Ceiling(centre + support), first + 1, source);
            (_first[i], _weights[i]) = Triangle(first, last, centre, support);
        }
    }

    /// <summary>First source pixel of a target pixel.</summary>
    public int First(int target) => _first[target];

    /// <summary>Weights of the source pixels from <see cref="First"/> on.</summary>
    public ReadOnlySpan<float> Weights(int target) => _weights[target];

    /// <summary>One past the last source pixel of a target pixel.</summary>
    public int End(int target) => _first[target] + _weights[target].Length;

    private static (int First, float[] Weights) Triangle(int first, int last, double centre, double support)
    {
        var weights = new double[last - first];
        double sum = 0;
        for (int j = first; j < last; j++)
            sum += weights[j - first] = Math.Max(0, 1 - Math.Abs(j + 0.5 - centre) / support);
        int begin = Array.FindIndex(weights, w => w > 0), end = Array.FindLastIndex(weights, w => w > 0);
        return begin < 0 ? (first, [1f]) : (first + begin, [.. weights[begin..(end + 1)].Select(w => (float)(w / sum))]);
    }
}
