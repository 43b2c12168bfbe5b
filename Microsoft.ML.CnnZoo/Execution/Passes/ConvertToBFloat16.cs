using Microsoft.ML.CnnZoo.Execution.Planning;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Execution.Passes;

/// <summary>
/// Activations and their gradients become bfloat16: convolutions, products, pools and normalizations compute in it, and
/// ops that only move or combine their results follow. Weights, their gradients, statistics, logits, softmax, loss and
/// updates stay float32.
/// </summary>
/// <remarks>
/// A tensor that is needed in the other type gets one <c>Cast</c>, shared by all nodes that read it in that type. The
/// cast of a weight, a constant or a value that depends on these alone is folded (<see cref="Cast.Folded"/>): the
/// kernels that read it round it while they pack it. Sums that must not be rounded carry
/// <see cref="OpSchema.OutputType"/>. Fetched tensors keep their type.
/// </remarks>
internal sealed class ConvertToBFloat16 : IGraphPass
{
    public string Name => "convert to bfloat16";

    public GraphRequest Apply(GraphRequest request) => new Conversion(request).Apply();

    /// <summary>One application: selects the nodes that compute in bfloat16, then rewrites the graph.</summary>
    private sealed class Conversion
    {
        private readonly GraphRequest _request;
        private readonly GraphRewriter _rewriter;
        private readonly ILookup<NodeOutput, NodeDef> _readers;
        private readonly HashSet<NodeOutput> _fetched;
        private readonly HashSet<NodeDef> _converted = [];
        private readonly HashSet<NodeDef> _parameters;
        private readonly HashSet<NodeDef> _newParameters = [];
        private readonly Dictionary<NodeOutput, bool> _staysFloat = [];
        private readonly Dictionary<NodeOutput, NodeOutput> _casts = []; // by the tensor of the new graph

        public Conversion(GraphRequest request)
        {
            (_request, _rewriter, _fetched) = (request, new GraphRewriter(request), [.. request.Fetches]);
            _parameters = ParameterNodes.Of(request.Graph);
            _readers = request.Graph.Nodes.SelectMany(n => n.Inputs.Distinct().Select(i => (Input: i, Reader: n)))
                .ToLookup(p => p.Input, p => p.Reader);
        }

        public GraphRequest Apply()
        {
            foreach (NodeDef node in _request.Graph.Nodes)
                if (Has(node, BFloat16Rule.Always)
                    || (Has(node, BFloat16Rule.FollowsInputs) && node.Inputs.Any(IsBFloat16)))
                    _converted.Add(node);
            foreach (NodeDef node in _request.Graph.Nodes.Where(IsMask))
                _converted.Add(node);
            foreach (NodeDef node in _request.Graph.Nodes)
                Rewrite(node);
            foreach (NodeOutput fetch in _fetched)
                _rewriter.Replace(fetch, Typed(_rewriter.Map(fetch), fetch.Type));
            return _rewriter.Finish();
        }

        private static bool Has(NodeDef node, BFloat16Rule rule) =>
            node.Definition.BFloat16 == rule && node.Outputs[0].Type == DataType.Float;

        /// <summary>Whether a node, if it computes in bfloat16, reads an input in it.</summary>
        private static bool Reads(NodeDef node, int input) =>
            node.Inputs[input].Type == DataType.Float && node.Definition.ReadsBFloat16(input);

        private static bool Reads(NodeDef node, NodeOutput tensor) =>
            Enumerable.Range(0, node.Inputs.Count).Any(i => node.Inputs[i] == tensor && Reads(node, i));

        /// <summary>Whether a tensor will be bfloat16.</summary>
        private bool IsBFloat16(NodeOutput tensor) => _converted.Contains(tensor.Node)
            && tensor.Node.Definition.WritesBFloat16(tensor.Port)
            && !(tensor.Node.Definition.CanReturnFloat32 && StaysFloat(tensor));

        /// <summary>
        /// Whether no node reads a tensor as bfloat16: it leads only to loss, softmax, optimizers and fetches.
        /// </summary>
        private bool StaysFloat(NodeOutput tensor)
        {
            if (!_staysFloat.TryGetValue(tensor, out bool stays))
                _staysFloat.Add(tensor, stays = _readers[tensor]
                    .All(r => !Reads(r, tensor) || (Has(r, BFloat16Rule.FollowsInputs) && StaysFloat(r.Output()))));
            return stays;
        }

        /// <summary>
        /// Zeros and ones cast from Booleans, as in dropout: exact in bfloat16; cast to it if all readers read
        /// bfloat16.
        /// </summary>
        private bool IsMask(NodeDef node) => node is { Op: "Cast" } && node.Inputs[0].Type == DataType.Bool
            && node.Outputs[0].Type == DataType.Float
            && !_fetched.Contains(node.Output())
            && _readers[node.Output()].All(r => _converted.Contains(r) && Reads(r, node.Output()));

        private void Rewrite(NodeDef node)
        {
            if (!_converted.Contains(node))
            {
                NodeDef copy = _rewriter.Copy(node, null,
                    [.. node.Inputs.Select(i => Typed(_rewriter.Map(i), i.Type))]);
                if (_parameters.Contains(node) || (node.IsSource && node.Op != "Placeholder"))
                    _newParameters.Add(copy);
                return;
            }
            var attributes = node.Attributes.Where(a => a.Key is not "T" and not "DstT")
                .ToDictionary(a => a.Key, a => a.Value);
            if (node.Op == "Cast")
                attributes["DstT"] = AttributeValue.Of(DataType.BFloat16);
            else if (!IsBFloat16(node.Output()))
                attributes[OpSchema.OutputType] = AttributeValue.Of(DataType.Float);
            _rewriter.Copy(node, attributes, [.. node.Inputs.Select((input, i) =>
                Typed(_rewriter.Map(input), Reads(node, i) ? DataType.BFloat16 : input.Type))]);
        }

        /// <summary>A tensor of the new graph in a type: itself, or its cast.</summary>
        private NodeOutput Typed(NodeOutput tensor, DataType type)
        {
            if (tensor.Type == type)
                return tensor;
            if (_casts.TryGetValue(tensor, out NodeOutput cast))
                return cast;
            var attributes = new Dictionary<string, AttributeValue> { ["DstT"] = AttributeValue.Of(type) };
            if (_newParameters.Contains(Schedule.Root(tensor).Node))
                attributes[Cast.Folded] = AttributeValue.Of(true);
            string suffix = type == DataType.Float ? "float32" : "bfloat16";
            string name = tensor.Port == 0 ? $"{tensor.Node.Name}/{suffix}"
                : $"{tensor.Node.Name}/{suffix}_{tensor.Port}";
            cast = _rewriter.Add(OpCatalog.Get("Cast"), name, [tensor], attributes).Output();
            _casts.Add(tensor, cast);
            return cast;
        }
    }
}
