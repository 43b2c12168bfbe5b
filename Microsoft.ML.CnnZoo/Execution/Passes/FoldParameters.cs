using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Execution.Passes;

/// <summary>
/// Replaces whatever depends on variables and constants alone by a constant: afterwards the graph has no variables.
/// </summary>
/// <remarks>
/// A variable becomes a <c>Const</c> of the variable's name, a computed value one of its node's name. A graph that
/// changes its variables stays as it is.
/// </remarks>
/// <param name="variables">The variables' values.</param>
/// <param name="kernels">What computes the rest.</param>
internal sealed class FoldParameters(VariableStore variables, IKernelSet kernels) : IGraphPass
{
    public string Name => "fold parameters";

    public GraphRequest Apply(GraphRequest request)
    {
        HashSet<NodeDef> parameters = ParameterNodes.Of(request.Graph);
        if (parameters.Count == 0)
            return request;
        HashSet<NodeOutput> read = [.. request.Graph.Nodes.Where(n => !parameters.Contains(n)).SelectMany(n => n.Inputs)
            .Concat(request.Fetches).Where(t => parameters.Contains(t.Node))];
        Dictionary<NodeOutput, TensorLiteral> computed = Compute(request.Graph, [.. read.Where(IsComputed)]);
        var rewriter = new GraphRewriter(request);
        foreach (NodeDef node in request.Graph.Nodes)
        {
            if (!parameters.Contains(node))
                rewriter.Copy(node);
            for (int port = 0; port < node.Outputs.Count; port++)
                if (read.Contains(node.Output(port)))
                    Replace(rewriter, node.Output(port), computed);
        }
        GraphRequest folded = rewriter.Finish();
        return folded with { Graph = new NetworkGraph(folded.Graph.Nodes, []) };
    }

    private static bool IsComputed(NodeOutput tensor) => tensor.Node.Op is not ("Const" or "ReadVariableOp");

    private void Replace(GraphRewriter rewriter, NodeOutput tensor, Dictionary<NodeOutput, TensorLiteral> computed)
    {
        NodeDef node = tensor.Node;
        (string name, TensorLiteral value) = node.Op switch
        {
            "Const" => (node.Name, node.Attributes["value"].Tensor),
            "ReadVariableOp" => Read(variables[node.Inputs[0].Node.Attributes["shared_name"].String]),
            _ => (tensor.Port == 0 ? node.Name : $"{node.Name}/{tensor.Port}", computed[tensor]),
        };
        rewriter.Replace(tensor, rewriter.Add(OpCatalog.Get("Const"), name, [],
            [new("value", AttributeValue.Of(value)), new("dtype", AttributeValue.Of(value.Spec.Type))]).Output());
    }

    private static (string Name, TensorLiteral Value) Read(Variable variable) =>
        (variable.Name, new TensorLiteral(variable.Spec.Type, variable.Spec.Shape, variable.Get().Bytes));

    private Dictionary<NodeOutput, TensorLiteral> Compute(NetworkGraph graph, NodeOutput[] tensors)
    {
        var values = new Dictionary<NodeOutput, TensorLiteral>();
        if (tensors.Length == 0)
            return values;
        using Executable plan = new Session(kernels).Compile(graph, new Dictionary<string, TensorShape>(), tensors, [],
            variables, new CompileOptions { Fuse = false });
        plan.Run();
        for (int i = 0; i < tensors.Length; i++)
            values.Add(tensors[i], Fetched(plan, i));
        return values;
    }

    private static TensorLiteral Fetched(Executable plan, int index)
    {
        TensorSpec spec = plan.FetchSpec(index);
        return spec.Type switch
        {
            DataType.Float => TensorLiteral.Of(spec.Shape, plan.Fetch<float>(index)),
            DataType.Int32 => TensorLiteral.Of(spec.Shape, plan.Fetch<int>(index)),
            DataType.Int64 => TensorLiteral.Of(spec.Shape, plan.Fetch<long>(index)),
            DataType.Bool => TensorLiteral.Of(spec.Shape, plan.Fetch<bool>(index)),
            _ => throw new GraphException($"A parameter of type {spec.Type} cannot be folded."),
        };
    }
}
