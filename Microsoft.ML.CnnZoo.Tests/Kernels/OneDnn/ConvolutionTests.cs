using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Kernels.OneDnn;

public sealed class ConvolutionTests
{
    /// <summary>A geometry in words: x, filter, strides, dilations, padding.</summary>
    public sealed record Geometry(int[] X, int[] F, int StrideH = 1, int StrideW = 1, int DilationH = 1, int DilationW = 1, string Padding = "SAME", bool Depthwise = false)
    {
        public override string ToString() =>
            $"x=[{string.Join(',', X)}] f=[{string.Join(',', F)}] s={StrideH},{StrideW} d={DilationH},{DilationW} {Padding}{(Depthwise ? " depthwise" : "")}";

        private Padding Parsed => Padding switch { "SAME" => CnnZoo.Graph.Padding.Same, "VALID" => CnnZoo.Graph.Padding.Valid, _ => CnnZoo.Graph.Padding.Explicit(2, 0, 1, 2) };

        internal Conv2DAttributes Attributes => new(StrideH, StrideW, Parsed, DilationH, DilationW);
        public string Prefix => Depthwise ? "DepthwiseConv2dNative" : "Conv2D";
        public TensorShape Image => new(X);
        public TensorShape Filter => new(F);
        public TensorShape Output => (Depthwise ? Attributes.DepthwiseGeometry(Image, Filter) : Attributes.Geometry(Image, Filter)).OutputShape;
        internal (string, AttributeValue)[] Pairs => [.. Attributes.ToAttributes().Select(p => (p.Key, p.Value))];

        internal OneDnnCase Forward() => new OneDnnCase().Input(Image).Input(Filter).Op(Prefix, Pairs);
        internal OneDnnCase InputGradient() => new OneDnnCase().Constant(X).Input(Filter).Input(Output).Op($"{Prefix}BackpropInput", Pairs);
        internal OneDnnCase FilterGradient() => new OneDnnCase().Input(Image).Constant(F).Input(Output).Op($"{Prefix}BackpropFilter", Pairs);
    }

    public static TheoryData<Geometry, int> Cases
    {
        get
        {
            Geometry[] geometries =
            [
                new([4, 8, 8, 1], [5, 5, 1, 6], Padding: "VALID"),
                new([3, 9, 7, 3], [3, 3, 3, 5]),
                new([1, 11, 9, 3], [3, 3, 3, 17]),
                new([1, 12, 5, 4], [5, 3, 4, 8], StrideH: 2),
                new([2, 10, 10, 16], [3, 3, 16, 32], 2, 2),
                new([4, 7, 7, 15], [1, 1, 15, 33]),
                new([4, 8, 8, 32], [1, 1, 32, 16], 2, 2, Padding: "VALID"),
                new([2, 9, 11, 8], [3, 2, 8, 9], DilationH: 2, DilationW: 3),
                new([1, 16, 16, 8], [3, 3, 8, 16], DilationH: 2, DilationW: 2),
                new([2, 6, 7, 16], [3, 3, 16, 16], Padding: "EXPLICIT"),
                new([1, 13, 7, 16], [3, 3, 16, 16], 3, 2, Padding: "EXPLICIT"),
                new([4, 6, 6, 32], [3, 3, 16, 32]),
                new([2, 6, 6, 6], [3, 3, 2, 9], Padding: "VALID"),
                new([4, 7, 6, 16], [3, 3, 16, 1], Depthwise: true),
                new([3, 7, 6, 17], [3, 3, 17, 2], 2, 2, Depthwise: true),
                new([1, 9, 6, 1], [3, 3, 1, 2], Depthwise: true),
                new([2, 5, 5, 128], [3, 3, 128, 256]),
                new([32, 4, 4, 3], [2, 2, 3, 4], Padding: "VALID"),
                new([1, 2, 9, 16], [3, 3, 16, 16]),
                new([1, 8, 8, 16], [7, 7, 16, 16], StrideH: 3),
            ];
            var data = new TheoryData<Geometry, int>();
            foreach (Geometry geometry in geometries)
                foreach (int threads in (int[])[1, 2, 5])
                    data.Add(geometry, threads);
            return data;
        }
    }

    [OneDnnTheory, MemberData(nameof(Cases))]
    public void Conv2D_EveryGeometry_EqualsNaive(Geometry geometry, int threads) => geometry.Forward().Check(threads);

    [OneDnnTheory, MemberData(nameof(Cases))]
    public void Conv2DBackpropInput_EveryGeometry_EqualsNaive(Geometry geometry, int threads) => geometry.InputGradient().Check(threads);

    [OneDnnTheory, MemberData(nameof(Cases))]
    public void Conv2DBackpropFilter_EveryGeometry_EqualsNaive(Geometry geometry, int threads) => geometry.FilterGradient().Check(threads);

    [OneDnnTheory]
    [InlineData("BiasAdd")]
    [InlineData("BiasAdd,Relu")]
    [InlineData("BiasAdd,Relu6")]
    [InlineData("BiasAdd,Tanh")]
    [InlineData("BiasAdd,Sigmoid")]
    [InlineData("BiasAdd,Add")]
    [InlineData("BiasAdd,Add,Relu")]
    [InlineData("BiasAdd,Add,Tanh")]
    public void FusedConv2D_EveryChain_EqualsNaive(string chain)
    {
        string[] fused = chain.Split(',');
        bool adds = fused.Contains("Add");
        foreach (Geometry geometry in (Geometry[])[new([4, 6, 5, 8], [3, 3, 8, 17]), new([1, 8, 5, 16], [1, 1, 16, 32]), new([3, 8, 8, 16], [3, 3, 8, 16])])
        {
            OneDnnCase inputs = new OneDnnCase().Input(geometry.Image).Input(geometry.Filter).Input(new TensorShape(geometry.F[3]));
            if (adds)
                inputs.Input(geometry.Output);
            inputs.Op("_FusedConv2D", [.. geometry.Pairs, ("fused_ops", AttributeValue.OfStrings(fused)), ("num_args", AttributeValue.Of(adds ? 2L : 1L))]);
            inputs.Check(threads: 2);
            inputs.Check(threads: 1);
        }
    }

    [OneDnnFact]
    public void Conv2D_FilterCoversImage_IsLeftToOthers()
    {
        var geometry = new Geometry([4, 5, 5, 16], [5, 5, 16, 12], Padding: "VALID");
        Assert.Null(geometry.Forward().Run(threads: 2));
        Assert.Null(geometry.InputGradient().Run(threads: 2));
        Assert.Null(geometry.FilterGradient().Run(threads: 2));
    }

    [OneDnnFact]
    public void Conv2DBackpropFilter_SameThreads_SameBits()
    {
        OneDnnCase gradient = new Geometry([8, 14, 14, 16], [3, 3, 16, 32]).FilterGradient();
        byte[] first = gradient.Run(threads: 2)![0].Bytes.ToArray();
        for (int i = 0; i < 5; i++)
            Assert.Equal(first, gradient.Run(threads: 2)![0].Bytes.ToArray());
    }
}
