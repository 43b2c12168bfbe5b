using Microsoft.ML.CnnZoo.Graph;
using GraphProtos = Microsoft.ML.CnnZoo.Graph.Protos;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Reading;

/// <summary>
/// Evaluates what a tensor of the file depends on, node by node, calls of functions and conditions included: what does
/// not depend on the image becomes a constant, the rest nodes of our graph.
/// </summary>
/// <remarks>Works on a list of its own instead of recursion: graphs are deep.</remarks>
internal sealed class GraphInterpreter
{
    // Calls may multiply nodes: two calls of a function with two calls of a function …
    private const int GreatestNodeCount = 1_000_000;

    private static readonly HashSet<string> Calls =
        ["PartitionedCall", "StatefulPartitionedCall", "If", "StatelessIf"];

    private readonly Dictionary<string, GraphProtos.FunctionDef> _functions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, GraphProtos.NodeDef>> _functionNodes =
        new(StringComparer.Ordinal);
    private readonly GraphLowering _lowering;
    private readonly bool _hasSwitches;
    private int _evaluated;

    /// <param name="graph">The file's graph.</param>
    /// <param name="lowering">Makes nodes of our graph.</param>
    public GraphInterpreter(GraphProtos.GraphDef graph, GraphLowering lowering)
    {
        _lowering = lowering;
        Main = new Frame(graph.Node);
        Frames.Add(Main);
        foreach (GraphProtos.FunctionDef function in graph.Library?.Function ?? [])
            if (function.Signature is null || !_functions.TryAdd(function.Signature.Name, function))
                throw new GraphException($"The function '{function.Signature?.Name}' is defined twice or has no name.");
        _hasSwitches = Enumerable.Concat(graph.Node, _functions.Values.SelectMany(f => f.NodeDef)).Any(IsSwitch);
    }

    /// <summary>The file's graph.</summary>
    public Frame Main { get; }

    /// <summary>The file's graph and all calls evaluated.</summary>
    public List<Frame> Frames { get; } = [];

    /// <summary>The value of a tensor of the graph.</summary>
    /// <param name="tensor"><c>node</c> or <c>node:port</c>.</param>
    /// <exception cref="GraphException">There is no such tensor, or it depends on itself.</exception>
    public Value Evaluate(string tensor)
    {
        TensorReference reference = TensorReference.Parse(tensor);
        Run(Main, reference.Node);
        return Get(Main, reference);
    }

    private void Run(Frame frame, string node)
    {
        var stack = new Stack<Step>();
        Push(stack, frame, node, "");
        while (stack.TryPeek(out Step? step))
        {
            if (step.Next < step.Needed.Count)
            {
                (Frame needed, string name) = step.Needed[step.Next++];
                if (!needed.Values.ContainsKey(name) && needed.Argument(name) is null)
                    Push(stack, needed, name, step.Node.Name);
                continue;
            }
            if (step.Call is null && IsCall(step.Node) && EnterCall(step))
                continue;
            step.Frame.Values[step.Node.Name] = step.Call is Frame call ? Results(call) : Lower(step);
            step.Frame.Open.Remove(step.Node.Name);
            stack.Pop();
        }
    }

    private void Push(Stack<Step> stack, Frame frame, string name, string reader)
    {
        if (frame.Values.ContainsKey(name) || frame.Argument(name) is not null)
            return;
        if (!frame.Nodes.TryGetValue(name, out GraphProtos.NodeDef? node))
            throw new GraphException(reader.Length == 0 ? $"there is no node '{name}'"
                : $"the input '{name}' of the node '{frame.Prefix}{reader}' does not exist");
        if (!frame.Open.Add(name))
            throw new GraphException($"the node '{frame.Prefix}{name}' depends on itself");
        if (++_evaluated > GreatestNodeCount)
            throw new GraphException($"the graph has more than {GreatestNodeCount} nodes, calls included");
        stack.Push(new Step(frame, node, [.. Inputs(frame, node).Select(i => (frame, i.Node))]));
    }

    /// <summary>The inputs to evaluate: data, and with TensorFlow 1's conditions those that say which branch a node is
    /// on.</summary>
    private IEnumerable<TensorReference> Inputs(Frame frame, GraphProtos.NodeDef node)
    {
        bool isLeaf = SourceRules.IsLeaf(node);
        return isLeaf && !_hasSwitches ? []
            : node.Input.Select(TensorReference.Parse).Where(i => i.IsControl ? _hasSwitches && IsPivot(frame, i.Node)
                : !isLeaf);
    }

    private static bool IsPivot(Frame frame, string name) =>
        frame.Nodes.TryGetValue(name, out GraphProtos.NodeDef? node)
        && (IsSwitch(node) || (node.Op == "Identity" && node.Input.Count > 0
            && frame.Nodes.TryGetValue(TensorReference.Parse(node.Input[0]).Node, out GraphProtos.NodeDef? source)
            && IsSwitch(source)));

    private static bool IsSwitch(GraphProtos.NodeDef node) => node.Op is "Switch" or "RefSwitch";

    private bool IsCall(GraphProtos.NodeDef node) => Calls.Contains(node.Op) || _functions.ContainsKey(node.Op);

    /// <summary>Adds what a called function returns to what its node needs; false without a function to call.</summary>
    private bool EnterCall(Step step)
    {
        Value[] inputs = [.. Inputs(step.Frame, step.Node).Select(i => Get(step.Frame, i))];
        if (inputs.Contains(Value.Dead))
            return false;
        string name = _functions.ContainsKey(step.Node.Op) ? step.Node.Op : Attribute(step.Node, "f");
        Value[] data = [.. step.Node.Input.Select(TensorReference.Parse).Where(i => !i.IsControl)
            .Select(i => Get(step.Frame, i))];
        if (step.Node.Op is "If" or "StatelessIf")
        {
            if (data is not [ConstantValue { Scalar: double condition }, ..])
                return false;
            name = Attribute(step.Node, condition != 0 ? "then_branch" : "else_branch");
            data = data[1..];
        }
        if (!_functions.TryGetValue(name, out GraphProtos.FunctionDef? function))
            throw new GraphException($"the node '{step.Node.Name}' calls the function '{name}', which does not exist");
        if (!_functionNodes.TryGetValue(name, out Dictionary<string, GraphProtos.NodeDef>? nodes))
            _functionNodes.Add(name, nodes = Frame.ByName(function.NodeDef));
        step.Call = new Frame(function, nodes, step.Node.Name, step.Frame, data);
        Frames.Add(step.Call);
        step.Needed.AddRange(function.Signature.OutputArg.Select(o => (step.Call, Returned(function, o.Name).Node)));
        return true;
    }

    private static Value[] Results(Frame call) =>
        [.. call.Function!.Signature.OutputArg.Select(o => Get(call, Returned(call.Function, o.Name)))];

    private static TensorReference Returned(GraphProtos.FunctionDef function, string result) =>
        function.Ret.TryGetValue(result, out string? tensor) ? TensorReference.Parse(tensor)
        : throw new GraphException($"the function '{function.Signature.Name}' does not return '{result}'");

    private static string Attribute(GraphProtos.NodeDef node, string name) =>
        node.Attr.TryGetValue(name, out GraphProtos.AttrValue? value) && value.Func is not null ? value.Func.Name : "";

    private Value[] Lower(Step step)
    {
        TensorReference[] inputs = [.. Inputs(step.Frame, step.Node)];
        Value[] values = [.. inputs.Where(i => !i.IsControl).Select(i => Get(step.Frame, i))];
        bool dead = inputs.Any(i => i.IsControl && Get(step.Frame, i) == Value.Dead);
        return dead || (step.Node.Op is not ("Merge" or "RefMerge") && values.Contains(Value.Dead)) ? [Value.Dead]
            : _lowering.Lower(step.Node, step.Frame.Prefix, values);
    }

    private static Value Get(Frame frame, TensorReference reference)
    {
        if (frame.Argument(reference.Node) is Value argument)
            return argument;
        Value[] outputs = frame.Values[reference.Node];
        string op = frame.Nodes[reference.Node].Op;
        int port = reference.Port(op);
        if (outputs is [ImageValue] or [MarkerValue])
            return outputs[0];
        return port < outputs.Length ? outputs[port]
            : throw new GraphException($"{op} '{frame.Prefix}{reference.Node}' has no output {port} that can be read");
    }

    /// <summary>A node being evaluated.</summary>
    private sealed class Step(Frame frame, GraphProtos.NodeDef node, List<(Frame Frame, string Node)> needed)
    {
        public Frame Frame { get; } = frame;
        public GraphProtos.NodeDef Node { get; } = node;
        public List<(Frame Frame, string Node)> Needed { get; } = needed;
        public int Next { get; set; }
        public Frame? Call { get; set; }
    }
}
