using Microsoft.ML.CnnZoo.Execution.Passes;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Execution.Planning;

/// <summary>A tensor stored as a range of channels of another tensor.</summary>
/// <param name="Base">The wider tensor.</param>
/// <param name="First">Its first channel in the wider tensor.</param>
internal readonly record struct ChannelRange(NodeOutput Base, int First)
{
    /// <summary>Elements from one pixel's channels to the next's.</summary>
    public int Pitch => Base.Shape[^1];
}

/// <summary>
/// Which tensors are computed directly in the memory of a concatenation along the channels, so that it has nothing to
/// copy. Nested concatenations, and those that join the same tensors in the same order, are ranges of the widest: all
/// of a DenseNet block's feature maps are one buffer, of which each layer reads a longer prefix. A slice of a tensor
/// along its channels, as in the gradients of concatenations, is a range of that tensor.
/// </summary>
/// <remarks>
/// A tensor is placed, once, where the op that computes it (<see cref="OpDefinition.AllowsStridedOutput"/>) and all
/// that read it (<see cref="OpDefinition.AllowsStridedInput"/>) allow it; fetched tensors, feeds, variables and nodes
/// that depend on variables alone are not, nor are single channels, whose elements would not be contiguous. Other
/// operands stay dense and are copied.
/// </remarks>
internal sealed class ConcatenationPlacement
{
    private readonly Dictionary<NodeOutput, ChannelRange> _ranges = [];

    private ConcatenationPlacement() { }

    /// <summary>No tensor is placed.</summary>
    public static ConcatenationPlacement None { get; } = new();

    /// <summary>Number of tensors stored in another's memory.</summary>
    public int Count => _ranges.Count;

    /// <summary>The placement for a graph whose shapes are known.</summary>
    public static ConcatenationPlacement Of(GraphRequest request) => new Search(request).Run();

    /// <summary>The range in which a tensor is stored; null for a tensor with memory of its own.</summary>
    public ChannelRange? Find(NodeOutput tensor) => _ranges.TryGetValue(tensor, out ChannelRange range) ? range : null;

    /// <summary>The tensors stored in a tensor's memory.</summary>
    public IEnumerable<NodeOutput> RangesOf(NodeOutput whole) =>
        _ranges.Where(r => r.Value.Base == whole).Select(r => r.Key);

    /// <summary>The row pitches of a node's outputs, for its kernel.</summary>
    public IReadOnlyList<int> OutputPitches(NodeDef node) =>
        _ranges.Count > 0 && node.Outputs.Count > 0 && Find(node.Output()) is ChannelRange range
        ? [range.Pitch, .. Enumerable.Repeat(0, node.Outputs.Count - 1)] : [];

    private sealed class Search(GraphRequest request)
    {
        private readonly HashSet<NodeDef> _parameters = ParameterNodes.Of(request.Graph);
        private readonly HashSet<NodeOutput> _fetched = [.. request.Fetches];
        private readonly ILookup<NodeOutput, (NodeDef Node, int Input)> _readers =
            request.Graph.Nodes.SelectMany(n => n.Inputs.Select((tensor, i) => (Tensor: tensor, Node: n, Input: i)))
            .ToLookup(r => r.Tensor, r => (r.Node, r.Input));
        private readonly Dictionary<NodeDef, NodeOutput[]> _parts = [];
        private readonly ConcatenationPlacement _placement = new();

        public ConcatenationPlacement Run()
        {
            NodeDef[] joins = [.. request.Graph.Nodes
                .Where(n => ConcatV2.JoinsChannels(n) && !_parameters.Contains(n))];
            foreach (NodeDef join in joins)
                _parts.Add(join,
                    [.. join.Inputs.SkipLast(1).SelectMany(part =>
                    _parts.TryGetValue(part.Node, out NodeOutput[]? inner) && CanBePlaced(part) ? inner : [part])]);
            var wholes = new List<NodeDef>();
            foreach (NodeDef join in joins.OrderByDescending(j => j.Outputs[0].Shape[^1]).ThenBy(j => j.Index))
                if (!CanBePlaced(join.Output()) || !PlaceWithin(wholes, join))
                {
                    wholes.Add(join);
                    PlaceParts(join);
                }
            foreach (NodeDef node in request.Graph.Nodes)
                if (Slice.FirstChannel(node) is int first)
                    PlaceSlice(node, first);
            return _placement;
        }

        private bool CanBePlaced(NodeOutput tensor) => tensor.Shape is { Rank: 4, ElementCount: > 0 } shape
            && shape[3] > 1 && !_fetched.Contains(tensor) && !_parameters.Contains(tensor.Node)
            && tensor.Node.Definition.AllowsStridedOutput(tensor.Node, tensor.Port)
            && _readers[tensor].All(r => r.Node.Definition.AllowsStridedInput(r.Node, r.Input));

        /// <summary>
        /// Places a concatenation as a range of a wider one that contains the same parts in the same order.
        /// </summary>
        private bool PlaceWithin(List<NodeDef> wholes, NodeDef join)
        {
            foreach (NodeDef whole in wholes)
            {
                int index = _parts[whole].AsSpan().IndexOf(_parts[join]);
                if (index < 0 || !whole.Outputs[0].Shape.With(3, 0).Equals(join.Outputs[0].Shape.With(3, 0)))
                    continue;
                _placement._ranges.Add(join.Output(),
                    new ChannelRange(whole.Output(), _parts[whole].Take(index).Sum(p => p.Shape[^1])));
                return true;
            }
            return false;
        }

        private void PlaceParts(NodeDef whole)
        {
            int first = 0;
            foreach (NodeOutput part in _parts[whole])
            {
                if (CanBePlaced(part))
                    _placement._ranges.TryAdd(part, new ChannelRange(whole.Output(), first));
                first += part.Shape[^1];
            }
        }

        /// <summary>Places a slice as a range of a tensor that a step computes.</summary>
        private void PlaceSlice(NodeDef slice, int first)
        {
            NodeOutput source = slice.Inputs[0];
            if (!CanBePlaced(slice.Output()) || source.Node.IsView || source.Node.IsSource
                || _parameters.Contains(source.Node))
                return;
            _placement._ranges.TryAdd(slice.Output(), _placement.Find(source) is ChannelRange range
                ? range with { First = range.First + first }
                : new ChannelRange(source, first));
        }
    }
}
