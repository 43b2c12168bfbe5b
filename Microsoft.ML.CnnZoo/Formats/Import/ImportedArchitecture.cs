using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo.Formats.Import;

/// <summary>An architecture that a file defines: it is built by copying the file's graph.</summary>
internal sealed class ImportedArchitecture : CnnArchitecture
{
    private const float Momentum = 0.9f;
    private readonly ImportedNetwork _network;

    /// <summary>An architecture.</summary>
    /// <param name="name">Name for command lines and files.</param>
    /// <param name="network">The file's network.</param>
    public ImportedArchitecture(string name, ImportedNetwork network)
        : base(new(name, name, network.Graph.Nodes.Count(n => n.Op is "Conv2D" or "DepthwiseConv2dNative" or "MatMul"),
            network.Image, 1, new Publication("", 0, $"a network from a file, {name}", new Uri("about:blank")))) =>
        _network = network;

    /// <summary>The file's network.</summary>
    public ImportedNetwork Network => _network;

    /// <summary>
    /// The network's weights in the file, which training starts from; null where they are not wanted, or the
    /// architecture came with a trained model.
    /// </summary>
    public CnnWeights? FileWeights { get; private set; }

    /// <summary>Class names in the file; null where it has none.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>What pixels become before the network.</summary>
    public ImagePreprocessing Preprocessing { get; init; } = ImagePreprocessing.Raw;

    /// <summary>Where that is known from, or that it was guessed.</summary>
    public string PreprocessingReason { get; init; } = "";

    /// <summary>Whether the preprocessing is a default that the user should confirm.</summary>
    public bool IsPreprocessingGuessed { get; init; }

    /// <summary>Whether the file's batch norms are parts of its convolutions, where they cannot be trained.</summary>
    public bool HasFoldedBatchNorms => _network.Graph.Nodes.Any(n => n.Op == "Conv2D")
        && _network.Graph.Nodes.All(n => n.Op != "FusedBatchNormV3");

    /// <summary>Gives the architecture its weights, once.</summary>
    public ImportedArchitecture WithWeights(CnnWeights? weights)
    {
        FileWeights = weights;
        return this;
    }

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        var size = new ImageShape(image.Height, image.Width, image.Channels);
        try
        {
            return CopyNetwork(g, image, classes);
        }
        catch (GraphException e) when (size != _network.Image)
        {
            throw new GraphException(
                $"{DisplayName} is a network for images of {_network.Image} and does not fit those of {size}: {e.Message}", e);
        }
    }

    private NetworkBody CopyNetwork(GraphBuilder g, NodeOutput image, int classes)
    {
        var map = new Dictionary<NodeOutput, NodeOutput>();
        Dictionary<string, VariableDefinition> variables =
            _network.Graph.Variables.ToDictionary(v => v.Name, StringComparer.Ordinal);
        bool behindClassifier = false;
        NodeOutput features = default;
        foreach (NodeDef node in _network.Graph.Nodes)
        {
            switch (node.Op)
            {
                case "Placeholder":
                    map[node.Output()] = Preprocessing.Order == ChannelOrder.Bgr && image.Channels == 3
                        ? g.AddNode("ReverseV2", [image, g.Constant(TensorLiteral.Vector(3), "bgr/axis")], name: "bgr").Output()
                        : image;
                    continue;
                case "VarHandleOp":
                    continue;
                case "ReadVariableOp":
                    VariableDefinition variable = variables[node.Inputs[0].Node.Attributes["shared_name"].String];
                    map[node.Output()] = g.ReadVariable(ForClasses(variable, classes));
                    continue;
                case "Identity" when node.Attributes.TryGetValue(FrozenNetwork.DropoutRate, out AttributeValue? rate):
                    map[node.Output()] = g.Dropout(map[node.Inputs[0]], rate.Float, node.Name);
                    continue;
            }
            if (node == _network.Classifier)
                (behindClassifier, features) = (true, map[node.Inputs[0]]);
            NodeDef copy = Copy(g, node, [.. node.Inputs.Select(i => map[i])], behindClassifier ? classes : _network.Classes);
            for (int port = 0; port < node.Outputs.Count; port++)
                map[node.Output(port)] = copy.Output(port);
        }
        NodeOutput output = map[_network.Output];
        return _network.Classifier is null ? new(output, g.Dense(output, classes, "classifier"), [])
            : new NetworkBody(features, output, []);
    }

    private NodeDef Copy(GraphBuilder g, NodeDef node, NodeOutput[] inputs, int classes)
    {
        switch (node.Op)
        {
            // Behind the classifier a shape may hold the number of classes.
            case "Const" when classes != _network.Classes && node.Outputs[0].Type == DataType.Int32:
                int[] shape = [.. node.Attributes["value"].Tensor.Values<int>().ToArray()
                    .Select(d => d == _network.Classes ? classes : d)];
                return g.Constant(TensorLiteral.Of<int>(node.Outputs[0].Shape, shape), node.Name).Node;
            case "FusedBatchNormV3" when g.Mode == GraphMode.Training && !g.Frozen.Contains(inputs[3].Node.Inputs[0].Node.Name):
                NodeDef norm = g.AddNode(node.Op, inputs, new Dictionary<string, AttributeValue>(node.Attributes)
                {
                    ["is_training"] = AttributeValue.Of(true),
                    ["exponential_avg_factor"] = AttributeValue.Of(1 - Momentum),
                }, node.Name);
                using (g.Scope(node.Name))
                    g.AddStatisticsUpdates(norm, inputs[3], inputs[4]);
                return norm;
            default:
                return g.AddNode(node.Op, inputs, node.Attributes, node.Name);
        }
    }

    /// <summary>The classifier's variables have another size for another number of classes.</summary>
    private VariableDefinition ForClasses(VariableDefinition variable, int classes)
    {
        if (classes == _network.Classes || !IsOfClassifier(variable.Name))
            return variable;
        TensorShape shape = variable.Spec.Shape.With(^1, classes);
        return new VariableDefinition(variable.Name, new TensorSpec(variable.Spec.Type, shape), variable.Role,
            variable.Role == VariableRole.Kernel ? Initializer.GlorotUniform : variable.Initializer);
    }

    private bool IsOfClassifier(string variable) => _network.Classifier is { } classifier && _network.Graph.Nodes.Any(n =>
        (n == classifier || (n.Index > classifier.Index && n.Op == "BiasAdd"))
        && n.Inputs[1].Node is { Op: "ReadVariableOp" } read
        && read.Inputs[0].Node.Attributes["shared_name"].String == variable);
}
