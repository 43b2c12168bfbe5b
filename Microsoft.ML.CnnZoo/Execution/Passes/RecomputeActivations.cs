using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Execution.Passes;

/// <summary>
/// Trades time for memory in training: ops that are cheap to compute, batch norms with their ReLU and concatenations,
/// are not stored for the gradients but recomputed where they are needed, from the convolutions' outputs. A DenseNet
/// then no longer stores every layer's concatenated and normalized input.
/// Pleiss et al. 2017, "Memory-Efficient Implementation of DenseNets", arXiv:1707.06990.
/// </summary>
/// <remarks>
/// The copies give the same bits: a batch norm's copy reads the stored mean and variance of the batch. Nested
/// concatenations are flattened, so that a copy needs only the layers' own outputs; where these are already adjacent in
/// memory (<see cref="Planning.ConcatenationPlacement"/>) it costs nothing.
/// Nodes that add a side tensor are stored, else a copy would lead back through the whole network.
/// </remarks>
internal sealed class RecomputeActivations : IGraphPass
{
    public string Name => "recompute activations";

    public GraphRequest Apply(GraphRequest request) => new Rewriting(request).Run();

    private sealed class Rewriting(GraphRequest request)
    {
        private const int MeanOutput = 3, VarianceOutput = 4, Statistics = 5;
        private readonly GraphRewriter _rewriter = new(request);
        private readonly HashSet<NodeDef> _forward = Ancestors(request);
        private readonly Dictionary<NodeDef, NodeOutput> _copies = [];

        public GraphRequest Run()
        {
            foreach (NodeDef node in request.Graph.Nodes)
                _rewriter.Copy(node, null,
                    [.. node.Inputs.Select(i => _forward.Contains(node) ? _rewriter.Map(i) : Source(i))]);
            return _rewriter.Finish();
        }

        /// <summary>
        /// The nodes that the fetched tensors (loss, correct count) depend on; the others are gradients and updates.
        /// </summary>
        private static HashSet<NodeDef> Ancestors(GraphRequest request)
        {
            var found = new HashSet<NodeDef>(request.Fetches.Select(f => f.Node));
            foreach (NodeDef node in request.Graph.Nodes.Reverse().Where(found.Contains))
                found.UnionWith(node.Inputs.Select(i => i.Node));
            return found;
        }

        /// <summary>
        /// The tensor that a gradient reads: a recomputed copy if it is cheap, else the tensor itself.
        /// </summary>
        private NodeOutput Source(NodeOutput tensor)
        {
            NodeDef node = tensor.Node;
            if (tensor.Port != 0 || !_forward.Contains(node) || !IsCheap(node))
                return _rewriter.Map(tensor);
            if (!_copies.TryGetValue(node, out NodeOutput copy))
                _copies.Add(node, copy = node.Op == "ConcatV2" ? CopyConcat(node) : CopyNorm(node));
            return copy;
        }

        private static bool IsCheap(NodeDef node) => node.Op switch
        {
            "ConcatV2" => true,
            "FusedBatchNormV3" or "_FusedBatchNormEx" => node.Inputs.Count == Statistics
                && node.Attributes["is_training"].Bool,
            _ => false,
        };

        private NodeOutput CopyConcat(NodeDef node)
        {
            NodeOutput[] parts = [.. Parts(node).Select(Source)];
            return _rewriter.Add(node.Definition, NameOf(node), [.. parts, _rewriter.Map(node.Inputs[^1])],
                new Dictionary<string, AttributeValue>(node.Attributes)
                { ["N"] = AttributeValue.Of((long)parts.Length) }).Output();
        }

        /// <summary>The parts of a concatenation, nested ones flattened.</summary>
        private static IEnumerable<NodeOutput> Parts(NodeDef concat) => concat.Inputs.SkipLast(1).SelectMany(part =>
            part.Node.Op == "ConcatV2" && Axis(part.Node) == Axis(concat) ? Parts(part.Node) : [part]);

        private static long Axis(NodeDef concat) => concat.ConstantInput(concat.Inputs.Count - 1)[0];

        private NodeOutput CopyNorm(NodeDef node) => _rewriter.Add(node.Definition, NameOf(node),
            [Source(node.Inputs[0]), _rewriter.Map(node.Inputs[1]), _rewriter.Map(node.Inputs[2]),
                _rewriter.Map(node.Output(MeanOutput)), _rewriter.Map(node.Output(VarianceOutput))],
            new Dictionary<string, AttributeValue>(node.Attributes)
            { ["is_training"] = AttributeValue.Of(false) }).Output();

        private static string NameOf(NodeDef node) => $"recomputed/{node.Name}";
    }
}
