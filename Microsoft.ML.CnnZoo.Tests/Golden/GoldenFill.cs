using System.Text;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Tests.Golden;

/// <summary>
/// The fill formula of the golden files: weights and inputs as a function of a tensor's name (golden README, section
/// 1).
/// </summary>
internal static class GoldenFill
{
    /// <summary>FNV-1a, 64 bits, of the name's UTF-8 bytes.</summary>
    public static ulong Hash(string name)
    {
        ulong hash = 0xcbf29ce484222325;
        foreach (byte b in Encoding.UTF8.GetBytes(name))
            hash = (hash ^ b) * 0x100000001b3;
        return hash;
    }

    /// <summary>splitmix64's mixing of one state.</summary>
    public static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>Values in [-1,1), exact in float32, in the tensor's PyTorch layout.</summary>
    public static double[] Raw(string name, long count)
    {
        ulong seed = Hash(name);
        var values = new double[count];
        for (long i = 0; i < count; i++)
            values[i] = (2 * ((Mix(seed + ((ulong)(i + 1) * 0x9E3779B97F4A7C15)) >> 40) / 16777216.0)) - 1;
        return values;
    }

    /// <summary>An input, or any tensor of given offset and scale.</summary>
    public static float[] Input(string name, long count, double scale = 1, double offset = 0) =>
        Array.ConvertAll(Raw(name, count), v => (float)(offset + (scale * v)));

    /// <summary>A weight tensor in PyTorch's layout.</summary>
    /// <param name="tensor">Name, kind and shape.</param>
    /// <param name="convolutionGain">conv_c of the model: 6, or 3 for residual nets.</param>
    /// <param name="connections">For conv_w_sparse: the maps that each output map sees.</param>
    public static float[] Weights(GoldenTensor tensor, double convolutionGain, int[][]? connections = null)
    {
        double[] v = Raw(tensor.Name, tensor.Count);
        double fanIn = tensor.Shape.Skip(1).Aggregate(1L, (a, b) => a * b);
        Func<double, double> value = tensor.Kind switch
        {
            "conv_w" => Scaled(Math.Sqrt(convolutionGain / fanIn)),
            "linear_w" => Scaled(Math.Sqrt(6 / fanIn)),
            "bias" => Scaled(0.05),
            "bn_w" => x => 1 + (0.1 * x),
            "bn_b" or "bn_mean" => Scaled(0.1),
            "bn_var" => x => 1 + (0.4 * x),
            "sub_coef" => x => 0.25 * (1 + (0.1 * x)),
            "rbf_code" => x => x >= 0 ? 1 : -1,
            "conv_w_sparse" => x => x,
            _ => throw new ArgumentException($"Unknown kind '{tensor.Kind}' of the tensor '{tensor.Name}'.",
                nameof(tensor)),
        };
        if (tensor.Kind == "conv_w_sparse")
            return Sparse(v, tensor.Shape, connections ?? throw new ArgumentNullException(nameof(connections)));
        return Array.ConvertAll(v, x => (float)value(x));
    }

    private static Func<double, double> Scaled(double factor) => x => x * factor;

    private static float[] Sparse(double[] v, int[] shape, int[][] connections)
    {
        int inputs = shape[1], taps = shape[2] * shape[3];
        var result = new float[v.Length];
        for (int o = 0; o < shape[0]; o++)
        {
            double scale = Math.Sqrt(6.0 / (taps * connections[o].Length));
            foreach (int i in connections[o])
                for (int t = 0; t < taps; t++)
                {
                    int at = (((o * inputs) + i) * taps) + t;
                    result[at] = (float)(v[at] * scale);
                }
        }
        return result;
    }
}
