using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Tests.Conformance.RandomGeometries;

internal sealed partial class RandomCases
{
    private static readonly (int Height, int Width)[] Kernels =
        [(1, 1), (1, 1), (3, 3), (3, 3), (3, 3), (5, 5), (7, 7), (11, 11), (1, 7), (7, 1), (2, 2), (3, 2), (1, 3)];

    /// <summary>Shapes of x and the filter, and how one moves over the other.</summary>
    private sealed record WindowCase(TensorShape X, TensorShape W, Conv2DAttributes Attributes, bool IsDepthwise)
    {
        public Conv2DGeometry Geometry => IsDepthwise ? Attributes.DepthwiseGeometry(X, W) : Attributes.Geometry(X, W);
    }

    private WindowCase Geometry()
    {
        int groups = Chance(0.8) ? 1 : Pick(2, 3, 4, 8), depth = Channels(), filters = Chance(0.6)
            ? Pick(1, 6, 10, 16, 20, 32, 96) : _random.Next(1, 72);
        if (groups > 1)
            (depth, filters) = (Math.Max(1, depth / groups), Math.Max(1, filters / groups));
        (int kh, int kw) = Chance(0.85) ? Pick(Kernels) : (_random.Next(1, 6), _random.Next(1, 6));
        Shrink(ref kh, ref kw, ref depth, ref filters, groups, out int batch, out int rows, out int columns);
        int channels = depth * groups;
        (int height, int width, Conv2DAttributes attributes) = Place(kh, kw, rows, columns, channels);
        return new(new(batch, height, width, channels), new(kh, kw, depth, filters * groups), attributes, false);
    }

    private WindowCase Depthwise()
    {
        int channels = Chance(0.1) ? _random.Next(64, 300) : Channels(), multiplier = Chance(0.75) ? 1
            : _random.Next(2, 5);
        (int kh, int kw) = Pick(Kernels);
        int one = 1;
        Shrink(ref kh, ref kw, ref one, ref multiplier, channels, out int batch, out int rows, out int columns);
        (int height, int width, Conv2DAttributes attributes) = Place(kh, kw, rows, columns, channels);
        return new(new(batch, height, width, channels), new(kh, kw, channels, multiplier), attributes, true);
    }

    /// <summary>Draws batch and output sizes, and makes things smaller until the work is small enough.</summary>
    private void Shrink(ref int kh, ref int kw, ref int depth, ref int filters, int groups, out int batch, out int rows,
        out int columns)
    {
        (batch, rows, columns) = (Batch(), _random.Next(1, 13), _random.Next(1, 41));
        long most = Chance(0.02) ? Large : Small;
        while ((long)batch * rows * columns * kh * kw * depth * filters * groups > most)
            if (Chance(0.3) && rows > 1)
                rows = (rows + 1) / 2;
            else if (Chance(0.3) && batch > 1)
                batch--;
            else if (Chance(0.3) && columns > 1)
                columns--;
            else if (Chance(0.3) && depth > 1)
                depth = depth > 16 && Chance(0.5) ? 16 : (depth + 1) / 2;
            else if (Chance(0.3) && filters > 1)
                filters = filters > 16 && Chance(0.5) ? 16 : (filters + 1) / 2;
            else if (Chance(0.1) && kh * kw > 9)
                (kh, kw) = (3, 3);
    }

    /// <summary>An image for so many outputs: padding, strides, dilations, and pixels that no window reads.</summary>
    private (int Height, int Width, Conv2DAttributes Attributes) Place(int kh, int kw, int rows, int columns,
        int channels)
    {
        (int sh, int sw) = Chance(0.5) ? (1, 1) : Chance(0.5) ? (2, 2) : (_random.Next(1, 5), _random.Next(1, 5));
        (int dh, int dw) = Chance(0.8) ? (1, 1) : (_random.Next(1, 4), _random.Next(1, 4));
        int extentH = ((kh - 1) * dh) + 1, extentW = ((kw - 1) * dw) + 1;
        int height = ((rows - 1) * sh) + extentH + _random.Next(sh),
            width = ((columns - 1) * sw) + extentW + _random.Next(sw);
        Padding padding = Padding.Valid;
        switch (_random.Next(3))
        {
            case 0:
                padding = Padding.Same;
                (height, width) = ((rows * sh) - _random.Next(sh), (columns * sw) - _random.Next(sw));
                break;
            case 1:
                int most = Chance(0.1) ? 3 : 0; // larger than a window needs
                padding = Padding.Explicit(_random.Next(extentH + most), _random.Next(extentH + most),
                    _random.Next(extentW + most), _random.Next(extentW + most));
                (height, width) = (Math.Max(1, height - padding.Top - padding.Bottom),
                    Math.Max(1, width - padding.Left - padding.Right));
                break;
        }
        while ((long)height * width * channels > 60_000 && width > extentW + sw)
            width -= sw;
        return (height, width, new(sh, sw, padding, dh, dw));
    }

    private ConformanceCase Forward(string op, WindowCase w)
    {
        KeyValuePair<string, AttributeValue>[] attributes = [.. w.Attributes.ToAttributes()];
        KernelCaseInput x = Floats(w.X), filter = Weights(w.W);
        return Chance(0.5) ? new(op, op, [x, filter], attributes)
            : Fused($"_Fused{op}", x, filter, w.Geometry.OutputShape, attributes, canAdd: !w.IsDepthwise);
    }

    private ConformanceCase Fused(string op, KernelCaseInput a, KernelCaseInput b, TensorShape y,
        KeyValuePair<string, AttributeValue>[] attributes, bool canAdd)
    {
        bool adds = canAdd && Chance(0.4);
        string activation = Pick("", "Relu", "Relu", "Relu6", "Tanh", "Sigmoid");
        string[] ops = ["BiasAdd", .. adds ? ["Add"] : Array.Empty<string>(),
            .. activation.Length > 0 ? [activation] : Array.Empty<string>()];
        KernelCaseInput[] side = adds ? [Floats(y)] : [];
        return new(op, op, [a, b, Floats(new(y[^1])), .. side], [.. attributes,
            Attribute("fused_ops", AttributeValue.OfStrings(ops)),
            Attribute("num_args", AttributeValue.Of(adds ? 2L : 1L))]);
    }

    private ConformanceCase InputGradient(string op, WindowCase w) => new($"{op}BackpropInput", $"{op}BackpropInput",
        [Ints(w.X.Dimensions), Weights(w.W), Floats(w.Geometry.OutputShape)], [.. w.Attributes.ToAttributes()]);

    private ConformanceCase FilterGradient(string op, WindowCase w) => new($"{op}BackpropFilter", $"{op}BackpropFilter",
        [Floats(w.X), Ints(w.W.Dimensions), Floats(w.Geometry.OutputShape)], [.. w.Attributes.ToAttributes()]);

    /// <summary>What Winograd's kernels take: 3x3, stride 1, multiples of 16 channels, pads up to 2.</summary>
    private ConformanceCase WinogradConvolution()
    {
        int kernel = 3, channels = Chance(0.8) ? Pick(16, 32, 48) : Pick(64, 80, 144),
            filters = Chance(0.8) ? Pick(16, 32, 48) : Pick(64, 80, 144);
        int depth = channels / 16, columnsOf16 = filters / 16;
        int other = kernel;
        Shrink(ref kernel, ref other, ref depth, ref columnsOf16, 64, out int batch, out int rows, out int columns);
        (channels, filters) = (depth * 16, columnsOf16 * 16);
        Padding padding = Pick(Padding.Same, Padding.Valid,
            Padding.Explicit(_random.Next(3), _random.Next(3), _random.Next(3), _random.Next(3)));
        int more = padding.Kind == PaddingKind.Same ? 0 : 2;
        var w = new WindowCase(new(batch, rows + more, columns + more, channels), new(3, 3, channels, filters),
            new(1, 1, padding), false);
        return _random.Next(4) switch
        {
            0 => InputGradient("Conv2D", w),
            1 => FilterGradient("Conv2D", w),
            _ => Forward("Conv2D", w),
        };
    }

    private ConformanceCase MatrixProduct()
    {
        int m = Chance(0.3) ? 1 : _random.Next(1, 70), n = Chance(0.5) ? Pick(1, 6, 10, 16, 20, 32, 96)
            : _random.Next(1, 150),
            k = Chance(0.1) ? _random.Next(300, 2500) : _random.Next(1, 150);
        while ((long)m * n * k > (Chance(0.02) ? Large : Small))
            (m, n, k) = _random.Next(3) switch
            {
                0 => ((m + 1) / 2, n, k), 1 => (m, (n + 1) / 2, k), _ => (m, n, (k + 1) / 2),
            };
        (m, k) = Chance(0.01) ? (0, k) : Chance(0.02) ? (m, 0) : (m, k);
        bool ta = Chance(0.3), tb = Chance(0.3);
        KernelCaseInput a = Floats(ta ? new(k, m) : new(m, k)), b = Weights(tb ? new(n, k) : new(k, n));
        KeyValuePair<string, AttributeValue>[] attributes =
            [Attribute("transpose_a", AttributeValue.Of(ta)), Attribute("transpose_b", AttributeValue.Of(tb))];
        return Chance(0.5) ? new("MatMul", "MatMul", [a, b], attributes)
            : Fused("_FusedMatMul", a, b, new(m, n), attributes, canAdd: true);
    }
}
