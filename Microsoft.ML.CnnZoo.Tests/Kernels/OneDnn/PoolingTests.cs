using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Kernels.OneDnn;

public sealed class PoolingTests
{
    /// <summary>A pooling in words; the image has repeated values, so that windows hold ties.</summary>
    public sealed record Geometry(int[] X, int Window, int Stride, string Padding, int Threads)
    {
        public override string ToString() => $"x=[{string.Join(',', X)}] window={Window} s={Stride} {Padding} on {Threads} threads";

        private Padding Parsed => Padding switch { "SAME" => CnnZoo.Graph.Padding.Same, "VALID" => CnnZoo.Graph.Padding.Valid, _ => CnnZoo.Graph.Padding.Explicit(1, 0, 0, 1) };

        public TensorShape Image => new(X);
        internal Pool2DAttributes Attributes => new(Window, Window, Stride, Stride, Parsed);
        public TensorShape Output => Attributes.Geometry(Image).OutputShape;
        internal (string, AttributeValue)[] Pairs => [.. Attributes.ToAttributes().Select(p => (p.Key, p.Value))];

        /// <summary>Small integers, negative ones among them: padding read as 0 would win.</summary>
        public float[] Ties => [.. Enumerable.Range(0, (int)Image.ElementCount).Select(i => (i * 7919 % 5) - 4f)];
    }

    public static TheoryData<Geometry> Cases(bool explicitToo)
    {
        var data = new TheoryData<Geometry>();
        foreach (int[] x in (int[][])[[4, 8, 8, 6], [2, 9, 7, 16], [1, 7, 7, 33], [3, 6, 6, 64], [2, 5, 5, 1]])
            foreach ((int window, int stride) in ((int, int)[])[(2, 2), (3, 2), (3, 1), (5, 3)])
                foreach (string padding in (string[])["SAME", "VALID", "EXPLICIT"])
                    if (padding != "EXPLICIT" || explicitToo)
                        data.Add(new Geometry(x, window, stride, padding, Threads: 2 + (x[3] % 5)));
        return data;
    }

    [OneDnnTheory, MemberData(nameof(Cases), true)]
    public void MaxPool_EveryGeometry_EqualsNaive(Geometry g) => new OneDnnCase().Input(g.Image, g.Ties).Op("MaxPool", g.Pairs).Check(g.Threads, tolerance: 0);

    [OneDnnTheory, MemberData(nameof(Cases), true)]
    public void MaxPoolGrad_Ties_GoToTheFirstMaximum(Geometry g)
    {
        Tensor y = new OneDnnCase().Input(g.Image, g.Ties).Op("MaxPool", g.Pairs).Run(threads: 1)![0];
        new OneDnnCase().Input(g.Image, g.Ties).Input(y.Shape, y.Values<float>().ToArray()).Input(g.Output).Op("MaxPoolGrad", g.Pairs).Check(g.Threads, tolerance: 1e-6);
    }

    [OneDnnTheory, MemberData(nameof(Cases), false)]
    public void AvgPool_EveryGeometry_EqualsNaive(Geometry g) => new OneDnnCase().Input(g.Image).Op("AvgPool", g.Pairs).Check(g.Threads, tolerance: 1e-6);

    [OneDnnTheory, MemberData(nameof(Cases), false)]
    public void AvgPoolGrad_EveryGeometry_EqualsNaiveOrIsLeftToManaged(Geometry g)
    {
        OneDnnCase c = new OneDnnCase().Constant(g.X).Input(g.Output).Op("AvgPoolGrad", g.Pairs);
        if (g.Attributes.Geometry(g.Image).TilesImage)
            Assert.Null(c.Run(g.Threads));
        else
            c.Check(g.Threads, tolerance: 1e-6);
    }
}
