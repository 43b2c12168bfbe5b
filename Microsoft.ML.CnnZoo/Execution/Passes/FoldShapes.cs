using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Execution.Passes;

/// <summary>
/// Replaces <c>Shape</c> nodes by constants: all shapes are known by now, and a tensor is no longer kept alive only for
/// its shape.
/// </summary>
internal sealed class FoldShapes : IGraphPass
{
    public string Name => "fold shapes";

    public GraphRequest Apply(GraphRequest request)
    {
        var rewriter = new GraphRewriter(request);
        foreach (NodeDef node in request.Graph.Nodes)
        {
            if (node.Op != "Shape")
            {
                rewriter.Copy(node);
                continue;
            }
            int[] dims = node.Inputs[0].Shape.Dimensions.ToArray();
            TensorLiteral value = node.Outputs[0].Type == DataType.Int64
                ? TensorLiteral.Vector<long>(Array.ConvertAll(dims, d => (long)d)) : TensorLiteral.Vector<int>(dims);
            rewriter.Replace(node, rewriter.Add(OpCatalog.Get("Const"), node.Name, [],
                [new("value", AttributeValue.Of(value)), new("dtype", AttributeValue.Of(value.Spec.Type))]));
        }
        return rewriter.Finish();
    }
}
