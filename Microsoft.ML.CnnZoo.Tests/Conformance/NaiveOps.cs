using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

/// <summary>One plain loop in double precision per op: the reference for kernels.</summary>
internal static partial class NaiveOps
{
    private delegate NaiveTensor[] Evaluator(NodeDef node, NaiveTensor[] x);

    private static readonly Dictionary<string, Evaluator> Evaluators = new(StringComparer.Ordinal);

    static NaiveOps()
    {
        AddElementwise();
        AddConvolutions();
        AddPooling();
        AddNormalization();
        AddReductions();
        AddLayout();
        AddUpdates();
    }

    /// <summary>The ops that have a naive form.</summary>
    public static IReadOnlyCollection<string> Known => Evaluators.Keys;

    /// <summary>
    /// Computes a node's outputs. For ops that update variables: the new values of the handles, in the order of the
    /// inputs.
    /// </summary>
    public static NaiveTensor[] Evaluate(NodeDef node, IReadOnlyList<NaiveTensor> inputs) =>
        Evaluators[node.Op](node, [.. inputs]);

    private static NaiveTensor Out(NodeDef node, int port = 0) => new(node.Outputs[port].Shape);

    private static NaiveTensor Map(NodeDef node, Func<int[], double> f, int port = 0)
    {
        NaiveTensor y = Out(node, port);
        int i = 0;
        foreach (int[] index in NaiveTensor.Indices(y.Shape))
            y.Data[i++] = f(index);
        return y;
    }

    private static int[] Ints(NodeDef node, string attribute) =>
        [.. node.Attributes[attribute].Ints.Select(v => (int)v)];
}
