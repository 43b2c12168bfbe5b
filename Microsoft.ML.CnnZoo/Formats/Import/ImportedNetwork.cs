using Microsoft.ML.CnnZoo.Execution.Passes;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.Import;

/// <summary>
/// A network from a file, ready to be built for any number of classes: its weights are variables, its output logits,
/// its classifier known.
/// </summary>
/// <param name="Graph">The inference graph that the file has; the template that architectures copy.</param>
/// <param name="Output">What a softmax makes probabilities of [-1,classes]; features where there is no classifier.</param>
/// <param name="Classifier">
/// The layer that gives the classes: MatMul, or a 1x1 Conv2D. Null: the file ends with features.
/// </param>
internal sealed record ImportedNetwork(NetworkGraph Graph, NodeOutput Output, NodeDef? Classifier)
{
    /// <summary>Number of the file's classes; of features where there is no classifier.</summary>
    public int Classes => Output.Shape[^1];

    /// <summary>Size of the file's images.</summary>
    public ImageShape Image
    {
        get
        {
            TensorShape shape = Graph.Nodes.First(n => n.Op == "Placeholder").Outputs[0].Shape;
            return new ImageShape(shape[1], shape[2], shape[3]);
        }
    }

    /// <summary>Turns constants into variables and finds the classifier.</summary>
    /// <param name="network">The simplified network.</param>
    /// <param name="origin">The file, for messages.</param>
    /// <param name="options">Whether there is a classifier, and its name.</param>
    /// <returns>The network, and its variables' values.</returns>
    /// <exception cref="InvalidDataException">There is no classifier, or it is not one.</exception>
    public static (ImportedNetwork Network, IReadOnlyDictionary<string, TensorLiteral> Values) Of(
        GraphRequest network, string origin, CnnImportOptions options)
    {
        var values = new Dictionary<string, TensorLiteral>(StringComparer.Ordinal);
        var g = new GraphBuilder();
        var map = new Dictionary<NodeOutput, NodeOutput>();
        Dictionary<NodeOutput, VariableRole> roles = Roles(network);
        Dictionary<NodeOutput, string> names = Names(network.Graph, roles);
        foreach (NodeDef node in network.Graph.Nodes)
        {
            if (roles.TryGetValue(node.Output(), out VariableRole role))
            {
                TensorLiteral value = node.Attributes["value"].Tensor;
                string name = names[node.Output()];
                map[node.Output()] = g.ReadVariable(new VariableDefinition(name, value.Spec, role, InitializerOf(role, node, network)));
                values.Add(name, value);
                continue;
            }
            NodeDef copy = g.Add(node.Definition, node.Name, [.. node.Inputs.Select(i => map[i])], node.Attributes, []);
            for (int port = 0; port < node.Outputs.Count; port++)
                map[node.Output(port)] = copy.Output(port);
        }
        NodeOutput end = Flat(g, BeforeScores(map[network.Fetches[0]]), origin);
        (NetworkGraph graph, IReadOnlyList<NodeOutput> outputs, _) =
            new Prune().Apply(new GraphRequest(g.ToGraph(), [end], [])); // without the file's softmax
        NodeOutput output = outputs[0];
        NodeDef? classifier = options.HasClassifier ? FindClassifier(graph, output, origin, options.Classifier) : null;
        return (new(graph, output, classifier), values);
    }

    /// <summary>Constants that are trained, by what reads them.</summary>
    private static Dictionary<NodeOutput, VariableRole> Roles(GraphRequest network)
    {
        var roles = new Dictionary<NodeOutput, VariableRole>();
        foreach (NodeDef node in network.Graph.Nodes)
            for (int i = 1; i < node.Inputs.Count; i++)
                if (node.Inputs[i].Node.Op == "Const" && node.Inputs[i].Type == DataType.Float)
                    switch (node.Op)
                    {
                        case "Conv2D" or "DepthwiseConv2dNative" or "MatMul":
                            roles[node.Inputs[i]] = VariableRole.Kernel;
                            break;
                        case "BiasAdd":
                            roles.TryAdd(node.Inputs[i], VariableRole.Bias);
                            break;
                        case "FusedBatchNormV3":
                            roles.TryAdd(node.Inputs[i], i < 3 ? VariableRole.Normalization : VariableRole.Statistic);
                            break;
                    }
        return roles;
    }

    /// <summary>
    /// Our names for the file's: <c>layer1.0.conv1.weight</c> becomes <c>layer1/0/conv1/kernel</c>, so that weights are
    /// saved under the name that they had.
    /// </summary>
    private static Dictionary<NodeOutput, string> Names(NetworkGraph graph, Dictionary<NodeOutput, VariableRole> roles)
    {
        HashSet<string> taken = [.. graph.Nodes.Where(n => !roles.ContainsKey(n.Output())).Select(n => n.Name)];
        var names = new Dictionary<NodeOutput, string>();
        foreach ((NodeOutput constant, VariableRole role) in roles)
        {
            string path = constant.Node.Name.Replace('.', '/');
            int cut = path.LastIndexOf('/');
            string leaf = path[(cut + 1)..] switch
            {
                "weight" => role == VariableRole.Normalization ? "gamma" : "kernel",
                "bias" => role == VariableRole.Normalization ? "beta" : "bias",
                "running_mean" => "moving_mean",
                "running_var" => "moving_variance",
                var other => other,
            };
            string wanted = path[..(cut + 1)] + leaf, name = wanted;
            for (int i = 1; !taken.Add(name); i++)
                name = $"{wanted}_{i}";
            names.Add(constant, name);
        }
        return names;
    }

    private static Initializer InitializerOf(VariableRole role, NodeDef constant, GraphRequest network) => role switch
    {
        VariableRole.Kernel => network.Graph.Nodes.First(n => n.Inputs.Contains(constant.Output())).Op == "MatMul"
            ? Initializer.GlorotUniform : Initializer.HeNormalFanOut,
        VariableRole.Normalization or VariableRole.Statistic when IsScale(constant, network) => Initializer.Ones,
        _ => Initializer.Zeros,
    };

    /// <summary>Whether it is a batch norm's gamma or variance.</summary>
    private static bool IsScale(NodeDef constant, GraphRequest network) =>
        network.Graph.Nodes.Any(n => n.Op == "FusedBatchNormV3"
            && (n.Inputs[1].Node == constant || n.Inputs[4].Node == constant));

    /// <summary>What a last softmax or sigmoid is computed of.</summary>
    private static NodeOutput BeforeScores(NodeOutput output)
    {
        NodeOutput at = output;
        while (at.Node.Op is "Reshape" or "Squeeze" or "Identity" or "ExpandDims" && at.Node.Inputs[0].Shape.Rank > 0)
            at = at.Node.Inputs[0];
        return at.Node.Op is "Softmax" or "LogSoftmax" or "Sigmoid" ? BeforeScores(at.Node.Inputs[0]) : output;
    }

    private static NodeOutput Flat(GraphBuilder g, NodeOutput output, string origin)
    {
        TensorShape shape = output.Shape;
        int[] sizes = [.. shape.Dimensions[1..].ToArray().Where(d => d != 1)];
        if (shape.Rank < 2 || sizes.Length != 1 || sizes[0] < 2)
            throw new InvalidDataException($"'{origin}' gives {shape}; a classifier gives [N,classes].");
        return shape.Rank == 2 ? output : g.AddNode("Reshape",
            [output, g.Constant(TensorLiteral.Vector(-1, sizes[0]), "logits/shape")], name: "logits/Reshape").Output();
    }

    /// <summary>
    /// The layer behind which only biases, activations, means and views lead to the output, and which gives as many
    /// values; null where a batch norm or a sum of branches comes first: then the output is features.
    /// </summary>
    private static NodeDef? FindClassifier(NetworkGraph graph, NodeOutput output, string origin, string? name)
    {
        if (name is not null)
            return graph.Nodes.LastOrDefault(n => IsLayer(n)
                && (n.Name == name || n.Name.StartsWith(name.Trim('/') + "/", StringComparison.Ordinal)))
                ?? throw new InvalidDataException($"'{origin}' has no classifier '{name}'; its layers are "
                    + $"{string.Join(", ", graph.Nodes.Where(IsLayer).Select(n => $"'{n.Name}'").TakeLast(5))}.");
        NodeDef at = output.Node;
        while (!IsLayer(at) && at.Op is "BiasAdd" or "AddV2" or "Relu" or "Mean" or "AvgPool" or "Reshape" or "Squeeze"
            or "Identity" or "Mul" && at.Inputs.Skip(1).All(i => i.Node.Op is "Const" or "ReadVariableOp"))
            at = at.Inputs[0].Node;
        return IsLayer(at) && at.Outputs[0].Shape[^1] == output.Shape[^1] ? at : null;

        static bool IsLayer(NodeDef node) =>
            node.Op == "MatMul" || (node.Op == "Conv2D" && node.Inputs[1].Shape is { } s && s[0] == 1 && s[1] == 1);
    }
}
