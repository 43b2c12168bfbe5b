namespace Microsoft.ML.CnnZoo.Imaging;

/// <summary>
/// Eigenvectors and eigenvalues of the covariance of images' channels, by decreasing eigenvalue: the directions in
/// which their colors vary.
/// </summary>
internal sealed class PrincipalColors
{
    private const int Sweeps = 50;
    private readonly double[][] _vectors;
    private readonly double[] _values;

    /// <summary>
    /// Computes them by Jacobi's rotations. The sign of each vector is chosen so that its largest entry is positive.
    /// </summary>
    public PrincipalColors(ChannelStatistics statistics)
    {
        int n = statistics.Channels;
        var a = new double[n, n];
        var v = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            v[i, i] = 1;
            for (int j = 0; j < n; j++)
                a[i, j] = statistics.Covariance(i, j);
        }
        for (int sweep = 0; sweep < Sweeps; sweep++)
            for (int p = 0; p < n; p++)
                for (int q = p + 1; q < n; q++)
                    Rotate(a, v, p, q);
        int[] order = [.. Enumerable.Range(0, n).OrderByDescending(i => a[i, i])];
        _values = [.. order.Select(i => Math.Max(0, a[i, i]))];
        _vectors = [.. order.Select(i => Signed([.. Enumerable.Range(0, n).Select(row => v[row, i])]))];
    }

    /// <summary>Number of channels, and of components.</summary>
    public int Channels => _values.Length;

    /// <summary>Variance along a component.</summary>
    public double Value(int component) => _values[component];

    /// <summary>A component: a unit vector, one entry per channel.</summary>
    public ReadOnlySpan<double> Vector(int component) => _vectors[component];

    /// <summary>Σ αᵢ·√λᵢ·pᵢ, per channel.</summary>
    public float[] Shift(ReadOnlySpan<double> alpha)
    {
        var shift = new float[Channels];
        for (int c = 0; c < shift.Length; c++)
        {
            double sum = 0;
            for (int i = 0; i < alpha.Length; i++)
                sum += alpha[i] * Math.Sqrt(_values[i]) * _vectors[i][c];
            shift[c] = (float)sum;
        }
        return shift;
    }

    /// <summary>Turns the axes p and q so that a[p, q] becomes 0.</summary>
    private static void Rotate(double[,] a, double[,] v, int p, int q)
    {
        if (a[p, q] == 0)
            return;
        int n = a.GetLength(0);
        double theta = (a[q, q] - a[p, p]) / (2 * a[p, q]);
        double t = (theta < 0 ? -1 : 1) / (Math.Abs(theta) + Math.Sqrt(theta * theta + 1));
        double cos = 1 / Math.Sqrt(t * t + 1), sin = t * cos;
        for (int k = 0; k < n; k++)
            (a[k, p], a[k, q]) = (cos * a[k, p] - sin * a[k, q], sin * a[k, p] + cos * a[k, q]);
        for (int k = 0; k < n; k++)
            (a[p, k], a[q, k]) = (cos * a[p, k] - sin * a[q, k], sin * a[p, k] + cos * a[q, k]);
        for (int k = 0; k < n; k++)
            (v[k, p], v[k, q]) = (cos * v[k, p] - sin * v[k, q], sin * v[k, p] + cos * v[k, q]);
    }

    private static double[] Signed(double[] vector) =>
        vector.MaxBy(Math.Abs) < 0 ? Array.ConvertAll(vector, x => -x) : vector;
}
