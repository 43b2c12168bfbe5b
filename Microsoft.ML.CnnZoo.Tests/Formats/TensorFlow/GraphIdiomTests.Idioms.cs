using Microsoft.ML.CnnZoo.Graph;
using Protos = Microsoft.ML.CnnZoo.Graph.Protos;

namespace Microsoft.ML.CnnZoo.Tests.Formats.TensorFlow;

/// <summary>The idioms, node by node as exporters write them.</summary>
public partial class GraphIdiomTests
{
    private static string BatchNorm(SourceGraph g, string form, string x)
    {
        int[] shape = form == "reshaped" ? [1, 1, 1, Channels] : [Channels];
        foreach (string role in (string[])["mean", "beta"])
            g.Constant(role, TensorLiteral.Of<float>(new TensorShape(shape), Statistic(role)));
        foreach (string role in (string[])["variance", "gamma"])
            g.Constant(role, TensorLiteral.Of<float>(new TensorShape(Channels), Statistic(role)));
        string variance = form == "reshaped"
            ? g.Node("Reshape", "variance4", ["variance", g.Ints("four", 1, 1, 1, -1)]) : "variance";
        if (form == "global normalization")
            return g.Node("BatchNormWithGlobalNormalization", "y", [x, "mean", "variance", "beta", "gamma"],
                ("variance_epsilon", 0.001f), ("scale_after_normalization", true));
        if (form == "fused")
            return g.Node("FusedBatchNorm", "y", [x, "gamma", "beta", "mean", "variance"], ("epsilon", 0.001f),
                ("is_training", false));
        string shifted = g.Node("Add", "add", [variance, g.Scalar("epsilon", 0.001f)]);
        if (form == "centered, divided")
        {
            g.Node("Sub", "centered", [x, "mean"]);
            g.Node("RealDiv", "unit", ["centered", g.Node("Sqrt", "root", [shifted])]);
            return g.Node("AddV2", "y", [g.Node("Mul", "scaled", ["gamma", "unit"]), "beta"]);
        }
        string inverse = g.Node("Rsqrt", "rsqrt", [shifted]);
        if (form == "centered")
        {
            g.Node("Mul", "scaled", [g.Node("Sub", "centered", [x, "mean"]), inverse]);
            return g.Node("AddV2", "y", ["scaled", "beta"]);
        }
        string factor = form == "slim without gamma" ? inverse : g.Node("Mul", "factor", [inverse, "gamma"]);
        string product = g.Node("Mul", "product", [x, factor]);
        string shift = form == "without beta"
            ? g.Node("Mul", "shift", [g.Node("Neg", "negative", ["mean"]), factor])
            : g.Node("Sub", "shift", ["beta", g.Node("Mul", "offset", ["mean", factor])]);
        return g.Node("AddV2", "y", [product, shift]);
    }

    private static string Dropout(SourceGraph g, string form, string x, float keep)
    {
        string random = g.Node("RandomUniform", "random", [g.Node("Shape", "size", [x])], ("dtype", DataType.Float));
        if (form == "div")
        {
            string probability = g.Node("PlaceholderWithDefault", "keep_prob", [g.Scalar("keep", keep)],
                ("dtype", DataType.Float));
            string mask = g.Node("Floor", "floor", [g.Node("Add", "sum", [probability, random])]);
            return g.Node("Mul", "dropped", [g.Node("Div", "scaled", [x, probability]), mask]);
        }
        string kept = g.Node("GreaterEqual", "kept", [random, g.Scalar("rate", 1 - keep)]);
        string dropped = g.Node("SelectV2", "dropped", [kept, x, g.Scalar("zero", 0)]);
        if (form == "select")
            return dropped;
        string phase = g.Node("Placeholder", "phase_train", [], ("dtype", DataType.Bool));
        if (form == "if")
        {
            Branch(g, "train", "Erfinv");
            Branch(g, "test", "Identity");
            return g.Node("If", "cond", [phase, x], ("then_branch", new Protos.NameAttrList { Name = "train" }),
                ("else_branch", new Protos.NameAttrList { Name = "test" }));
        }
        g.Node("Switch", "switch", [x, phase]);
        return g.Node("Merge", "merge", ["switch", g.Node("Erfinv", "train", ["switch:1"])]);
    }

    private static void Branch(SourceGraph g, string name, string op) =>
        g.Graph.Library.Function.Add(new Protos.FunctionDef
        {
            Signature = new() { Name = name, InputArg = { new Protos.OpDef.Types.ArgDef { Name = "a" } },
                OutputArg = { new Protos.OpDef.Types.ArgDef { Name = "r" } } },
            NodeDef = { SourceGraph.Make(op, "result", ["a"]) },
            Ret = { ["r"] = "result:output:0" },
        });

    private static string Pack(SourceGraph g, string x, string size)
    {
        string batch = g.Node("StridedSlice", "batch", [g.Node("Shape", "shape", [x]), g.Ints("b", 0), g.Ints("e", 1),
            g.Ints("s", 1)], ("shrink_axis_mask", 1));
        return g.Node("Pack", "target", [batch, size], ("N", 2), ("axis", 0));
    }
}
