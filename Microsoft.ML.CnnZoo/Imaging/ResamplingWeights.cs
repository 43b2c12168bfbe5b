namespace Microsoft.ML.CnnZoo.Imaging;

/// <summary>
/// Which source pixels make up each target pixel along one axis: a triangle filter, as wide as a target pixel when
/// shrinking (no aliasing), bilinear when enlarging.
/// </summary>
/// <remarks>
/// Target pixel i is centered at start + (i + ½)·s in source pixels, s = extent / target; source pixel j weighs max(0,
/// 1 - |j + ½ - center| / max(1, s)), normalized to sum 1. At s = 1 and a whole start every target pixel is one source
/// pixel exactly.
/// </remarks>
internal sealed class ResamplingWeights
{
    private readonly int[] _first, _begin;
    private readonly float[] _weights;

    /// <param name="source">Pixels along the axis.</param>
    /// <param name="start">Where the part that is used begins, in pixels.</param>
    /// <param name="extent">How long that part is, in pixels.</param>
    /// <param name="target">Pixels wanted.</param>
    public ResamplingWeights(int source, double start, double extent, int target)
    {
        _first = new int[target];
        _begin = new int[target + 1];
        double scale = extent / target, support = Math.Max(1, scale);
        var all = new List<float>(target * (int)Math.Ceiling(2 * support + 1));
        for (int i = 0; i < target; i++)
        {
            double center = start + (i + 0.5) * scale;
            int first = Math.Clamp((int)Math.Floor(center - support), 0, source - 1);
            int last = Math.Clamp((int)Math.Ceiling(center + support), first + 1, source);
            _first[i] = AddTriangle(all, first, last, center, support);
            _begin[i + 1] = all.Count;
        }
        _weights = [.. all];
        IsCopy = _weights.Length == target && _first[^1] - _first[0] == target - 1;
    }

    /// <summary>Whether target pixels are source pixels, one after the other.</summary>
    public bool IsCopy { get; }

    /// <summary>First source pixel of a target pixel.</summary>
    public int First(int target) => _first[target];

    /// <summary>Weights of the source pixels from <see cref="First"/> on.</summary>
    public ReadOnlySpan<float> Weights(int target) =>
        _weights.AsSpan(_begin[target], _begin[target + 1] - _begin[target]);

    /// <summary>One past the last source pixel of a target pixel.</summary>
    public int End(int target) => _first[target] + _begin[target + 1] - _begin[target];

    /// <summary>Adds a target pixel's weights; returns the first source pixel that has one.</summary>
    private static int AddTriangle(List<float> all, int first, int last, double center, double support)
    {
        double sum = 0;
        int begin = -1, end = -1;
        for (int j = first; j < last; j++)
        {
            double weight = Weight(j, center, support);
            sum += weight;
            if (weight > 0)
                (begin, end) = (begin < 0 ? j : begin, j);
        }
        if (begin < 0)
        {
            all.Add(1);
            return first;
        }
        for (int j = begin; j <= end; j++)
            all.Add((float)(Weight(j, center, support) / sum));
        return begin;
    }

    private static double Weight(int pixel, double center, double support) =>
        Math.Max(0, 1 - Math.Abs(pixel + 0.5 - center) / support);
}
