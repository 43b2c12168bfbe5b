using Microsoft.ML.CnnZoo.Execution.Passes;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Writing;

/// <summary>A node that is replaced by several: helpers have its name before their own.</summary>
/// <param name="Rewriter">The new graph.</param>
/// <param name="Node">The node.</param>
internal readonly record struct RewriteSite(GraphRewriter Rewriter, NodeDef Node)
{
    /// <summary>What the new graph has for one of the node's inputs.</summary>
    public NodeOutput Input(int index) => Rewriter.Map(Node.Inputs[index]);

    /// <summary>Adds a helper.</summary>
    public NodeDef Add(string op, string name, NodeOutput[] inputs,
        IEnumerable<KeyValuePair<string, AttributeValue>> attributes) =>
        Rewriter.Add(OpCatalog.Get(op), $"{Node.Name}/{name}", inputs, attributes);

    /// <summary>Adds the node that gives the result, under the old one's name.</summary>
    public NodeDef Finish(string op, NodeOutput[] inputs,
        IEnumerable<KeyValuePair<string, AttributeValue>> attributes) =>
        Rewriter.Add(OpCatalog.Get(op), Node.Name, inputs, attributes);

    /// <summary>Adds a constant.</summary>
    public NodeOutput Constant(string name, TensorLiteral value) => Add("Const", name, [],
        [new("value", AttributeValue.Of(value)), new("dtype", AttributeValue.Of(value.Spec.Type))]).Output();

    /// <summary>Pads an image explicitly.</summary>
    public NodeOutput Pad(NodeOutput x, Padding padding, float value = 0)
    {
        int[] pads = [0, 0, padding.Top, padding.Bottom, padding.Left, padding.Right, 0, 0];
        NodeOutput paddings = Constant("paddings", TensorLiteral.Of<int>(new TensorShape(4, 2), pads));
        return (value == 0 ? Add("Pad", "Pad", [x, paddings], [])
            : Add("PadV2", "PadV2", [x, paddings, Constant("pad_value", TensorLiteral.Scalar(value))], [])).Output();
    }
}
