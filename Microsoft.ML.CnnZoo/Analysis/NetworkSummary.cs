using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo;

/// <summary>One layer of a network: the nodes of one scope.</summary>
/// <param name="Name">Scope, for example <c>conv1</c>.</param>
/// <param name="Kind">The op that gives the layer its character, in Keras' nouns: <c>Conv2D</c>, <c>Dense</c>,
/// <c>MaxPooling2D</c> …</param>
/// <param name="OutputShape">Shape of the layer's result; the batch is unknown.</param>
/// <param name="Parameters">Trainable parameters; connected weights only where a table leaves some out.</param>
/// <param name="NonTrainable">Running statistics.</param>
/// <param name="MultiplyAdds">Multiply-adds of convolutions and dense layers for one image; nothing else
/// counts.</param>
/// <param name="ActivationBytes">Memory of the layer's result for one image in float32.</param>
/// <param name="ReceptiveField">What one element of the result sees of the image; null where it does not depend on an
/// image.</param>
public sealed record LayerSummary(
    string Name, string Kind, TensorShape OutputShape, long Parameters, long NonTrainable, long MultiplyAdds,
        long ActivationBytes, ReceptiveField? ReceptiveField);

/// <summary>A network counted layer by layer.</summary>
/// <param name="Name">The architecture's name.</param>
/// <param name="Input">Image size.</param>
/// <param name="Classes">Number of classes.</param>
/// <param name="Layers">Layers in order of their computation; auxiliary classifiers are not among them.</param>
public sealed record NetworkSummary(string Name, ImageShape Input, int Classes, IReadOnlyList<LayerSummary> Layers)
{
    /// <summary>Trainable parameters.</summary>
    public long Parameters => Layers.Sum(l => l.Parameters);

    /// <summary>Running statistics: values that training moves without gradients. Fixed codes do not count.</summary>
    public long NonTrainable => Layers.Sum(l => l.NonTrainable);

    /// <summary>Multiply-adds for one image.</summary>
    public long MultiplyAdds => Layers.Sum(l => l.MultiplyAdds);

    /// <summary>
    /// Memory of all layers' results for one image in float32, if none shared its place: what training keeps. Scoring
    /// reuses memory and needs less.
    /// </summary>
    public long ActivationBytes => Layers.Sum(l => l.ActivationBytes);

    /// <summary>
    /// The largest receptive field before the layers that see the whole image; null where there are only such.
    /// </summary>
    public ReceptiveField? ReceptiveField =>
        Layers.Select(l => l.ReceptiveField).Where(f => f is { IsWholeImage: false })
        .MaxBy(f => (long)f!.Value.Height * f.Value.Width);

    /// <summary>Counts a network's inference graph.</summary>
    /// <param name="architecture">The network.</param>
    /// <param name="classes">Number of classes, at least 2.</param>
    /// <param name="input">Image size; null for the paper's.</param>
    /// <exception cref="GraphException">The image is too small.</exception>
    public static NetworkSummary Of(CnnArchitecture architecture, int classes, ImageShape? input = null)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ImageShape size = input ?? architecture.DefaultInput;
        return new(architecture.Name, size, classes, LayersOf(architecture.BuildGraph(classes, size)));
    }

    /// <summary>Counts a graph layer by layer; a layer is a scope that holds nodes which compute.</summary>
    public static IReadOnlyList<LayerSummary> LayersOf(NetworkGraph graph)
    {
        Dictionary<string, VariableDefinition> variables = graph.Variables.ToDictionary(v => v.Name,
            StringComparer.Ordinal);
        var counted = new HashSet<string>(StringComparer.Ordinal);
        var layers = new List<LayerSummary>();
        IReadOnlyDictionary<NodeDef, ReceptiveField> fields = CnnZoo.ReceptiveField.Of(graph);
        foreach (IGrouping<string, NodeDef> scope in graph.Nodes.Where(Computes)
            .GroupBy(n => ScopeOf(n.Name), StringComparer.Ordinal))
        {
            var own = scope.SelectMany(n => n.Inputs).Select(VariableBehind).OfType<string>().Where(counted.Add)
                .Select(v => variables[v]).ToList();
            NodeDef last = scope.Last();
            layers.Add(new(
                scope.Key, KindOf(scope), last.Outputs[0].Shape,
                own.Where(v => v.IsTrainable).Sum(v => v.ParameterCount),
                own.Where(v => v.Role == VariableRole.Statistic).Sum(v => v.ParameterCount),
                scope.Sum(n => MultiplyAddsOf(n, variables)), BytesForOneImage(last.Outputs[0].Shape),
                fields.TryGetValue(last, out ReceptiveField field) ? field : null));
        }
        return layers;
    }

    private static bool Computes(NodeDef node) =>
        node.Outputs.Count > 0 && node.Op is not ("Const" or "Placeholder" or "VarHandleOp" or "ReadVariableOp"
            or "Shape");

    private static string ScopeOf(string name) => name.LastIndexOf('/') is int cut and > 0 ? name[..cut] : name;

    private static long BytesForOneImage(TensorShape shape) =>
        sizeof(float) * (shape.Rank > 0 && shape[0] == TensorShape.Unknown ? shape.With(0, 1) : shape).ElementCount;

    private static string? VariableBehind(NodeOutput input) =>
        input.Node.Op == "ReadVariableOp" ? input.Node.Inputs[0].Node.Attributes["shared_name"].String : null;

    /// <summary>
    /// Multiply-adds for one image: positions times the weights that count; a masked kernel is a product of the
    /// variable and its mask.
    /// </summary>
    private static long MultiplyAddsOf(NodeDef node, Dictionary<string, VariableDefinition> variables)
    {
        if (node.Op is not ("Conv2D" or "DepthwiseConv2dNative" or "MatMul" or "_FusedConv2D" or "_FusedMatMul"))
            return 0;
        NodeOutput kernel = node.Inputs[1];
        string? variable = VariableBehind(kernel) ?? kernel.Node.Inputs.Select(VariableBehind)
            .FirstOrDefault(v => v is not null);
        long weights = variable is null ? kernel.Shape.ElementCount : variables[variable].ParameterCount;
        TensorShape output = node.Outputs[0].Shape;
        return output.Rank == 4 ? weights * output[1] * output[2] : weights;
    }

    private static string KindOf(IEnumerable<NodeDef> scope)
    {
        List<string> ops = [.. scope.Select(n => n.Op)];
        (string Op, string Kind)[] kinds =
        [
            ("Conv2D", "Conv2D"), ("_FusedConv2D", "Conv2D"), ("DepthwiseConv2dNative", "DepthwiseConv2D"),
            ("MatMul", "Dense"), ("_FusedMatMul", "Dense"), ("FusedBatchNormV3", "BatchNormalization"),
            ("MaxPool", "MaxPooling2D"), ("LRN", "LocalResponseNormalization"), ("SquaredDifference", "RbfOutput"),
            ("Softmax", "Softmax"), ("Tanh", ops.Contains("Mul") ? "ScaledTanh" : "Tanh"),
            ("AvgPool", ops.Contains("BiasAdd") ? "TrainableSubsampling" : "AveragePooling2D"),
            ("Mean", "GlobalAveragePooling2D"), ("Relu", "ReLU"), ("Relu6", "ReLU6"), ("Sigmoid", "Sigmoid"),
            ("ConcatV2", "Concatenate"), ("AddV2", "Add"), ("Reshape", "Flatten"), ("Pad", "ZeroPadding2D"),
        ];
        return kinds.FirstOrDefault(k => ops.Contains(k.Op)).Kind ?? ops[^1];
    }
}
