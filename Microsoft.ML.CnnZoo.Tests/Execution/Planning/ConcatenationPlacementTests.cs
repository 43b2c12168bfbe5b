using System.Runtime.InteropServices;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Execution.Passes;
using Microsoft.ML.CnnZoo.Execution.Planning;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Layers;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Training;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Execution.Planning;

/// <summary>Which tensors are placed in a concatenation's memory, and that results are unchanged.</summary>
public sealed class ConcatenationPlacementTests
{
    private const int Channels = 20, Size = 9;
    private static readonly TensorShape Shape = new(2, Size, Size, Channels);

    /// <summary>
    /// A graph on an image with its fetches, and the expected placement: tensor, wider tensor, first channel.
    /// </summary>
    private sealed record Case(Func<GraphBuilder, NodeOutput, NodeOutput[]> Build, params string[] Placed);

    private static readonly Dictionary<string, Case> Cases = new()
    {
        ["branches"] = new((g, x) => [Join(g, "all", Conv(g, x, "a"), Pool(g, x, "b"), Conv(g, x, "c"))],
            "a in all at 0", "b in all at 20", "c in all at 40"),
        ["nested"] = new((g, x) => [Join(g, "all", Conv(g, x, "a"), Join(g, "inner", Conv(g, x, "b"), Conv(g, x, "c")))],
            "a in all at 0", "b in all at 20", "c in all at 40", "inner in all at 20"),
        ["growing"] = new((g, x) => [Grow(g, x)], "l0 in j1 at 0", "l1 in j1 at 20", "l2 in j1 at 40", "j0 in j1 at 0"),
        ["growing list"] = new((g, x) =>
        {
            NodeOutput a = Conv(g, x, "a"), b = Conv(g, Norm(g, a, "na"), "b"), ab = Join(g, "ab", a, b),
                c = Conv(g, Norm(g, ab, "nab"), "c");
            return [Join(g, "abc", a, b, c)];
        }, "a in abc at 0", "b in abc at 20", "c in abc at 40", "ab in abc at 0"),
        ["the middle of a list"] = new((g, x) =>
        {
            NodeOutput a = Conv(g, x, "a"), b = Conv(g, x, "b"), c = Conv(g, x, "c");
            return [Join(g, "abc", a, b, c), Conv(g, Norm(g, Join(g, "bc", b, c), "n"), "d")];
        }, "a in abc at 0", "b in abc at 20", "c in abc at 40", "bc in abc at 20"),
        ["in two concatenations"] = new((g, x) =>
        {
            NodeOutput a = Conv(g, x, "a");
            return [Join(g, "first", a, Conv(g, x, "b")), Join(g, "second", Conv(g, x, "c"), a)];
        }, "a in first at 0", "b in first at 20", "c in second at 0"),
        ["twice in one"] = new((g, x) =>
        {
            NodeOutput a = Conv(g, x, "a");
            return [Join(g, "all", a, a, Conv(g, x, "b"), a)];
        }, "a in all at 0", "b in all at 40"),
        ["a feed"] = new((g, x) => [Join(g, "all", x, Conv(g, x, "a"))], "a in all at 20"),
        ["a feed in a growing list"] = new((g, x) =>
        {
            NodeOutput a = Conv(g, x, "a"), xa = Join(g, "xa", x, a);
            return [Join(g, "xab", x, a, Conv(g, Norm(g, xa, "n"), "b"))];
        }, "a in xab at 20", "b in xab at 40", "xa in xab at 0"),
        ["a variable"] = new((g, x) =>
            [Join(g, "all", Conv(g, x, "a"),
                g.ReadVariable(new("v", new(DataType.Float, Shape), VariableRole.Kernel, Initializer.Zeros)))],
            "a in all at 0"),
        ["a fetch"] = new((g, x) =>
        {
            NodeOutput a = Conv(g, x, "a");
            return [a, Join(g, "all", a, Conv(g, x, "b"))];
        }, "b in all at 20"),
        ["a fetched view"] = new((g, x) =>
        {
            NodeOutput a = Conv(g, x, "a");
            return [g.AddNode("Identity", [a]).Output(), Join(g, "all", a, Conv(g, x, "b"))];
        }, "b in all at 20"),
        ["a reader of dense memory"] = new((g, x) =>
        {
            NodeOutput a = Conv(g, x, "a");
            return [g.AddNode("Tanh", [a]).Output(), Join(g, "all", a, Conv(g, x, "b"))];
        }, "b in all at 20"),
        ["a concatenation that is read densely"] = new((g, x) =>
        {
            NodeOutput inner = Join(g, "inner", Conv(g, x, "a"), Conv(g, x, "b"));
            return [g.AddNode("Tanh", [inner]).Output(), Join(g, "all", inner, Conv(g, x, "c"))];
        }, "a in inner at 0", "b in inner at 20", "c in all at 40"),
        ["read after the concatenation"] = new((g, x) =>
        {
            NodeOutput a = Conv(g, x, "a"), all = Join(g, "all", a, Conv(g, x, "b"));
            NodeOutput relu = g.AddNode("Relu", [all], null, "relu").Output();
            return [relu, Norm(g, a, "n", after: relu.Node)];
        }, "a in all at 0", "b in all at 20"),
        ["a batch norm in place"] = new((g, x) => [Join(g, "all", Norm(g, Pool(g, x, "p"), "a"), Norm(g, x, "b"))],
            "a in all at 0", "b in all at 20"),
        ["a sum"] = new((g, x) =>
            [Join(g, "all", g.AddNode("AddV2", [Conv(g, x, "a"), Conv(g, x, "b")], null, "sum").Output(),
                Conv(g, x, "c"))], "c in all at 20"),
        ["slices"] = new((g, x) =>
        {
            // The sum is computed in place of a pool: its ranges follow it there.
            NodeOutput sum = g.AddNode("AddV2", [Pool(g, x, "p"), Conv(g, x, "a")], null, "sum").Output();
            NodeOutput head = Take(g, sum, "head", 0, 12), tail = Take(g, sum, "tail", 12, 8),
                part = Take(g, head, "part", 4, 5), read = Take(g, sum, "read", 3, 9);
            return
            [
                g.AddNode("AddV2", [head, Pool(g, Conv(g, x, "b", 12), "p12")]).Output(),
                g.AddNode("AddN", [tail, Conv(g, x, "c", 8), tail], [new("N", AttributeValue.Of(3L))]).Output(),
                g.AddNode("AddV2", [Conv(g, x, "d", 5), part]).Output(), g.AddNode("Tanh", [read]).Output(),
            ];
        }, "head in sum at 0", "tail in sum at 12"),
        ["a slice of a placed tensor"] = new((g, x) =>
        {
            NodeOutput a = Conv(g, x, "a"), part = Take(g, a, "part", 3, 10);
            return [Join(g, "all", Pool(g, x, "p"), a),
                g.AddNode("AddV2", [part, Pool(g, Conv(g, x, "b", 10), "p10")]).Output()];
        }, "a in all at 20", "p in all at 0", "part in all at 23"),
        ["a slice of a feed"] = new((g, x) =>
            [g.AddNode("AddV2", [Take(g, x, "part", 3, 10), Pool(g, Conv(g, x, "b", 10), "p")]).Output()]),
        ["rows"] = new((g, x) =>
            [g.AddNode("ConcatV2", [Conv(g, x, "a"), Conv(g, x, "b"), g.Constant(TensorLiteral.Scalar(1))],
            [new("N", AttributeValue.Of(2L))], "all").Output()]),
        ["one channel"] = new((g, x) => [Join(g, "all", Conv(g, x, "a", 1), Conv(g, x, "b"))], "b in all at 1"),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Of_Graph_PlacesTensorsThatAllNodesSupportStrided(string name)
    {
        GraphRequest request = Session.Optimize(Request(name), new Dictionary<string, TensorShape>(),
            new CompileOptions());
        ConcatenationPlacement placement = ConcatenationPlacement.Of(request);
        IEnumerable<string> found = request.Graph.Nodes.Where(n => n.Outputs.Count > 0
            && placement.Find(n.Output()) is not null)
            .Select(n => (Node: n, Range: placement.Find(n.Output())!.Value))
            .Select(p => $"{Short(p.Node)} in {Short(p.Range.Base.Node)} at {p.Range.First}");
        Assert.Equal(Cases[name].Placed.Order(), found.Order());
        Assert.Equal(Cases[name].Placed.Length, placement.Count);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Run_Placed_GivesTheSameBits(string name)
    {
        foreach (CnnPrecision precision in (CnnPrecision[])[CnnPrecision.Float32, CnnPrecision.BFloat16])
            Assert.Equal(Run(name, new() { Precision = precision, PlacesConcatenations = false }),
                Run(name, new() { Precision = precision }));
    }

    /// <summary>No bytes are left to copy in the networks' concatenations.</summary>
    [Theory]
    [InlineData("densenet121")]
    [InlineData("googlenet_torchvision")]
    [InlineData("googlenet")]
    [InlineData("squeezenet1_1")]
    [InlineData("inception_v3")]
    [InlineData("inception_v4")]
    public void Of_Networks_NothingIsLeftToCopy(string name)
    {
        CnnArchitecture network = CnnArchitectures.Find(name);
        var graphs = new ClassificationGraphs(network, network.DefaultInput, 10);
        foreach (ClassificationGraph graph in (ClassificationGraph[])[graphs.Scoring(),
            graphs.Training(new TrainingOptions())])
        {
            GraphRequest request = Session.Optimize(new GraphRequest(graph.Graph, graph.Fetches, graph.Targets),
                graph.Feeds(2), new CompileOptions());
            (long before, long after) = Copied(request, ConcatenationPlacement.Of(request));
            Assert.True(before > 1 << 20);
            Assert.Equal(0, after);
        }
    }

    /// <summary>A block's feature maps are stored once, not once more for every layer that reads them.</summary>
    [Theory]
    [InlineData(CnnPrecision.Float32)]
    [InlineData(CnnPrecision.BFloat16)]
    public void PeakBytes_DenseNetInTraining_FallsByAQuarterAtLeast(CnnPrecision precision)
    {
        CnnArchitecture network = CnnArchitectures.Find("densenet121");
        ClassificationGraph graph = new ClassificationGraphs(network, network.DefaultInput, 10)
            .Training(new TrainingOptions());
        using var variables = new VariableStore();
        long Peak(bool places)
        {
            using Executable plan = new Session(KernelSet.Shared)
                .Compile(graph.Graph, graph.Feeds(4), graph.Fetches, graph.Targets, variables,
                new CompileOptions { Precision = precision, PlacesConcatenations = places });
            return plan.PeakBytes;
        }
        Assert.InRange(Peak(true), 1, Peak(false) * 3 / 4);
    }

    private static (long Before, long After) Copied(GraphRequest request, ConcatenationPlacement placement)
    {
        long before = 0, after = 0;
        foreach (NodeDef join in request.Graph.Nodes.Where(ConcatV2.JoinsChannels))
        {
            ChannelRange target = placement.Find(join.Output()) ?? new ChannelRange(join.Output(), 0);
            foreach (NodeOutput part in join.Inputs.SkipLast(1))
            {
                before += part.Spec.ByteLength;
                after += placement.Find(part) == target ? 0 : part.Spec.ByteLength;
                target = target with { First = target.First + part.Shape[^1] };
            }
        }
        return (before, after);
    }

    private static List<byte[]> Run(string name, CompileOptions options)
    {
        GraphRequest request = Request(name);
        using var variables = new VariableStore();
        using Executable plan = new Session(KernelSet.Shared)
            .Compile(request.Graph, new Dictionary<string, TensorShape>(), request.Fetches, request.Targets,
            variables, options);
        var random = new Random(5);
        foreach (Variable variable in variables.Variables.OrderBy(v => v.Name, StringComparer.Ordinal))
        {
            foreach (ref float v in variable.Values<float>())
                v = random.NextSingle() + 0.1f;
            variable.Touch();
        }
        var results = new List<byte[]>();
        for (int run = 0; run < 2; run++)
        {
            foreach (ref float v in plan.Feed<float>("x"))
                v = random.NextSingle() - 0.5f;
            plan.Run();
            for (int fetch = 0; fetch < request.Fetches.Count; fetch++)
                results.Add(MemoryMarshal.AsBytes(plan.Fetch<float>(fetch)).ToArray());
        }
        Assert.All(results, r => Assert.Contains(r, b => b != 0));
        return results;
    }

    private static GraphRequest Request(string name)
    {
        var g = new GraphBuilder();
        NodeOutput[] fetches = Cases[name].Build(g, g.Placeholder("x", DataType.Float, Shape));
        return new GraphRequest(g.ToGraph(), fetches, []);
    }

    /// <summary>A layer's name without its nodes' suffix.</summary>
    private static string Short(NodeDef node) => node.Name.Split('/')[0];

    private static NodeOutput Join(GraphBuilder g, string name, params NodeOutput[] parts) => g.Concat(parts, name);

    private static NodeOutput Pool(GraphBuilder g, NodeOutput x, string name) =>
        g.MaxPool2D(x, 3, 1, Padding.Same, name);

    private static NodeOutput Conv(GraphBuilder g, NodeOutput x, string name, int filters = Channels) =>
        g.Conv2D(x, filters, 3, Padding.Same, name, options: new() { UseBias = name is not ("a" or "b") });

    /// <summary>An inference batch norm that is not folded.</summary>
    private static NodeOutput Norm(GraphBuilder g, NodeOutput x, string name, params NodeDef[] after)
    {
        NodeOutput Read(string leaf) =>
            g.ReadVariable(new($"{name}/{leaf}", new(DataType.Float, new TensorShape(x.Shape[^1])),
            VariableRole.Normalization, Initializer.Zeros));
        return g.AddNode("FusedBatchNormV3", [x, Read("gamma"), Read("beta"), Read("mean"), Read("variance")],
            [new("is_training", AttributeValue.Of(false))], name, after).Output();
    }

    private static NodeOutput Take(GraphBuilder g, NodeOutput x, string name, int first, int channels) =>
        g.AddNode("Slice",
        [x, g.Constant(TensorLiteral.Vector(0, 0, 0, first)), g.Constant(TensorLiteral.Vector(-1, -1, -1, channels))],
        null, name).Output();

    private static NodeOutput Grow(GraphBuilder g, NodeOutput x)
    {
        NodeOutput all = Conv(g, x, "l0");
        for (int i = 0; i < 2; i++)
            all = Join(g, $"j{i}", all, Conv(g, Norm(g, all, $"n{i}"), $"l{i + 1}"));
        return all;
    }
}
