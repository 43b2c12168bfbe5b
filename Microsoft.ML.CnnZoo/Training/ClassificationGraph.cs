using System.Numerics.Tensors;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Differentiation;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>A graph of a classifier with what to feed, to fetch and to run.</summary>
internal sealed class ClassificationGraph
{
    /// <summary>Placeholder of the images [batch, height, width, channels].</summary>
    public const string ImageInput = "image";
    /// <summary>Placeholder of the class numbers [batch].</summary>
    public const string LabelInput = "label";
    /// <summary>Placeholder of the class numbers [batch] of the images that others were mixed with.</summary>
    public const string MixedLabelInput = "label_mixed";
    /// <summary>Placeholder of the share that an image's own label has where images are mixed.</summary>
    public const string MixInput = "mix";
    /// <summary>Placeholder of the step's number, which dropout's masks depend on.</summary>
    public const string StepInput = "step";
    /// <summary>Number of the first gradient among the fetches: behind outputs and loss.</summary>
    public const int FirstGradient = 2;

    /// <summary>The graph.</summary>
    public required NetworkGraph Graph { get; init; }
    /// <summary>Size of the images.</summary>
    public required ImageShape Image { get; init; }
    /// <summary>What to compute: probabilities; or outputs and loss.</summary>
    public required IReadOnlyList<NodeOutput> Fetches { get; init; }
    /// <summary>Stateful nodes to run.</summary>
    public IReadOnlyList<NodeDef> Targets { get; init; } = [];
    /// <summary>The scalars of the optimizer; null in a graph that does not train.</summary>
    public OptimizerGraph? Optimizer { get; init; }
    /// <summary>
    /// Of a distributed training: the variables whose gradients are fetched, from <see cref="FirstGradient"/> on, and
    /// not applied.
    /// </summary>
    public IReadOnlyList<VariableDefinition> Moved { get; init; } = [];
    /// <summary>Of a distributed training: names of the running statistics that a step moves.</summary>
    public IReadOnlyList<string> Statistics { get; init; } = [];
    /// <summary>Of a distributed training: the graph that moves the variables by gradients that it is fed.</summary>
    public ClassificationGraph? Update { get; init; }
    /// <summary>Whether the smallest output wins.</summary>
    public bool HasPenalties { get; init; }

    /// <summary>All variables of a training graph, those of the optimizer too.</summary>
    public IEnumerable<VariableDefinition> Variables => Graph.Variables.Concat(Update?.Graph.Variables ?? []).DistinctBy(v => v.Name);

    /// <summary>Placeholder of a variable's gradient in an <see cref="Update"/>.</summary>
    public static string GradientInput(VariableDefinition variable) => $"gradient/{variable.Name}";

    /// <summary>Shapes of the placeholders for a batch size.</summary>
    public Dictionary<string, TensorShape> Feeds(int batchSize) => new(StringComparer.Ordinal)
    {
        [ImageInput] = new TensorShape(batchSize, Image.Height, Image.Width, Image.Channels),
        [LabelInput] = new TensorShape(batchSize),
        [MixedLabelInput] = new TensorShape(batchSize),
    };

    /// <summary>Loss and hits of a plan that has just run.</summary>
    public StepOutcome Read(Executable plan, ReadOnlySpan<int> labels)
    {
        ReadOnlySpan<float> outputs = plan.Fetch<float>(0);
        int correct = 0;
        for (int i = 0; i < labels.Length; i++)
            if (Prediction(outputs, i, labels.Length) == labels[i])
                correct++;
        return new StepOutcome(plan.Fetch<float>(1)[0], correct, labels.Length);
    }

    /// <summary>Appends the class that each image is taken for by a plan that has just run.</summary>
    public void AddPredictions(Executable plan, int images, List<int> predicted)
    {
        ReadOnlySpan<float> outputs = plan.Fetch<float>(0);
        for (int i = 0; i < images; i++)
            predicted.Add(Prediction(outputs, i, images));
    }

    private int Prediction(ReadOnlySpan<float> outputs, int image, int images)
    {
        int classes = outputs.Length / images;
        ReadOnlySpan<float> row = outputs.Slice(image * classes, classes);
        return HasPenalties ? TensorPrimitives.IndexOfMin(row) : TensorPrimitives.IndexOfMax(row);
    }

    /// <summary>Each image's probabilities, of a plan that has just run.</summary>
    public float[][] Probabilities(Executable plan, int images)
    {
        float[] outputs = plan.Fetch<float>(0).ToArray();
        if (HasPenalties)
            TensorPrimitives.Negate(outputs, outputs);
        float[][] rows = [.. outputs.Chunk(outputs.Length / images)];
        foreach (float[] row in rows)
        {
            TensorPrimitives.Subtract(row, TensorPrimitives.Max<float>(row), row);
            TensorPrimitives.SoftMax<float>(row, row);
        }
        return rows;
    }
}

/// <summary>
/// Builds the graphs of one classifier: for training, for measuring, for scoring. They share variables by name.
/// </summary>
/// <param name="Architecture">The network.</param>
/// <param name="Image">Size of its images.</param>
/// <param name="Classes">Number of classes.</param>
internal sealed record ClassificationGraphs(CnnArchitecture Architecture, ImageShape Image, int Classes)
{
    /// <summary>The whole step: forward pass, loss with auxiliary losses, gradients, updates.</summary>
    /// <param name="options">How to train.</param>
    /// <param name="epoch">The epoch, from 1: it says which layers are trained.</param>
    public ClassificationGraph Training(TrainingOptions options, int epoch = 1)
    {
        GraphBuilder g = TrainingBuilder(options, epoch);
        (NetworkOutputs network, NodeOutput loss) = WithLoss(g, options.Loss, options.ClassWeights, options.MixesImages);
        VariableDefinition[] trained = [.. g.Variables.Where(v => v.IsTrainable && !g.Frozen.Contains(v.Name))];
        IReadOnlyList<NodeOutput?> gradients = ReverseMode.AddGradients(g, loss, [.. trained.Select(g.ReadVariable)]);
        var factors = new RateFactors(this, options);
        string slots = options.FineTuning == FineTuning.HeadFirst && options.TrainsHeadAlone(epoch) ? "head_alone/" : "";
        List<TrainedVariable> moved = [.. trained.Zip(gradients).Where(p => p.Second is not null).Select(p =>
            new TrainedVariable(p.First, p.Second!.Value, WeightDecay(p.First, options), factors.Of(p.First.Name), slots))];
        if (options.Ranks is not null)
            return FinishGradients(g, [network.Output, loss], moved, options);
        OptimizerGraph optimizer = AddUpdates(g, moved, options);
        return Finish(g, [network.Output, loss], [.. g.Updates, .. optimizer.Updates], optimizer);
    }

    private static OptimizerGraph AddUpdates(GraphBuilder g, List<TrainedVariable> moved, TrainingOptions options) =>
        options.Optimizer.AddUpdates(g, options.GradientClipNorm is { } norm ? GradientClipping.Add(g, moved, norm) : moved);

    /// <summary>Between gradients and updates the ranks take the mean: they are two graphs.</summary>
    private ClassificationGraph FinishGradients(GraphBuilder g, NodeOutput[] fetches, List<TrainedVariable> moved,
        TrainingOptions options)
    {
        var update = new GraphBuilder(GraphMode.Training);
        OptimizerGraph optimizer = AddUpdates(update, [.. moved.Select(v => v with
        {
            Gradient = update.Placeholder(ClassificationGraph.GradientInput(v.Definition), DataType.Float, v.Definition.Spec.Shape),
        })], options);
        return new()
        {
            Graph = g.ToGraph(),
            Image = Image,
            Fetches = [.. fetches, .. moved.Select(v => v.Gradient)],
            Targets = [.. g.Updates],
            Moved = [.. moved.Select(v => v.Definition)],
            Statistics = [.. g.Updates.Select(u => u.Inputs[0].Node.Name).Distinct()],
            Update = Finish(update, [], [.. optimizer.Updates], optimizer),
            HasPenalties = Architecture.Output == OutputKind.RbfPenalty,
        };
    }

    /// <summary>Outputs and loss of the network as it scores.</summary>
    public ClassificationGraph Evaluation(ClassificationLoss? loss)
    {
        var g = new GraphBuilder(GraphMode.Inference);
        (NetworkOutputs network, NodeOutput value) = WithLoss(g, loss);
        return Finish(g, [network.Output, value], []);
    }

    /// <summary>
    /// Of the network as it trains in the end, mean and biased variance over the batch that each batch norm normalizes
    /// by, in turn; frozen ones are left out.
    /// </summary>
    public ClassificationGraph BatchMoments(TrainingOptions options)
    {
        GraphBuilder g = TrainingBuilder(options, options.Epochs);
        Network(g);
        return Finish(g, [.. g.Nodes.Where(n => n.Op == "FusedBatchNormV3" && n.Attributes["is_training"].Bool)
            .SelectMany(n => new[] { n.Output(3), n.Output(4) })], []);
    }

    /// <summary>Of the network as it trains in the end, what each kernel gives, before its bias.</summary>
    public ClassificationGraph KernelOutputs(TrainingOptions options)
    {
        GraphBuilder g = TrainingBuilder(options, options.Epochs);
        Network(g);
        return Finish(g, [.. g.Nodes.Where(n => LayerStandardization.KernelOf(n) is not null).Select(n => n.Output())], []);
    }

    /// <summary>Probabilities.</summary>
    public ClassificationGraph Scoring()
    {
        var g = new GraphBuilder(GraphMode.Inference);
        return Finish(g, [Network(g).Scores], []);
    }

    /// <summary>What a layer gives, as the network scores.</summary>
    /// <param name="layer">Name of a node, layer or stage, whose last node counts; null for the input of the
    /// head.</param>
    /// <param name="pools">Whether feature maps are averaged over their pixels.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such layer, or it gives no features of an
    /// image.</exception>
    public ClassificationGraph Features(string? layer, bool pools)
    {
        var g = new GraphBuilder(GraphMode.Inference);
        NetworkOutputs network = Network(g);
        NodeOutput features = layer is null ? network.Features : Layer(g, layer);
        OptionRange.Require(features.Type == DataType.Float && features.Shape.Rank > 1
            && features.Shape[0] == TensorShape.Unknown, "The layer", $"'{layer}', which gives {features.Spec}",
            "one that gives numbers for each image");
        if (pools && features.Shape.Rank == 4)
            features = g.GlobalAveragePool2D(features, "features");
        return Finish(g, [features], []);
    }

    /// <summary>What a layer gives.</summary>
    /// <param name="g">A graph that holds the network.</param>
    /// <param name="layer">Name of a node, layer or stage, whose last node counts.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such layer.</exception>
    public static NodeOutput Layer(GraphBuilder g, string layer)
    {
        var stages = new NetworkStages(g.ToGraph());
        NodeDef? node = g.Find(layer) ?? stages.Last(layer);
        OptionRange.Require(node is not null, "The layer", $"'{layer}'", stages.Choices(layer));
        return node!.Output();
    }

    /// <summary>Adds the network, from a placeholder of its images.</summary>
    public NetworkOutputs Network(GraphBuilder g) =>
        Architecture.Build(g, g.Placeholder(ClassificationGraph.ImageInput, DataType.Float,
            new TensorShape(-1, Image.Height, Image.Width, Image.Channels)), Classes);

    private GraphBuilder TrainingBuilder(TrainingOptions options, int epoch) => new(GraphMode.Training)
    {
        Seed = options.Seed + ((long)(options.Ranks?.Rank ?? 0) << 32), // dropout's masks differ between the ranks
        Frozen = FrozenLayers.Of(Architecture, Classes, Image, options.FreezeUntil, options.TrainsHeadAlone(epoch)),
    };

    private ClassificationGraph Finish(GraphBuilder g, NodeOutput[] fetches, NodeDef[] targets,
        OptimizerGraph? optimizer = null) => new()
    {
        Graph = g.ToGraph(),
        Image = Image,
        Fetches = fetches,
        Targets = targets,
        Optimizer = optimizer,
        HasPenalties = Architecture.Output == OutputKind.RbfPenalty,
    };

    private (NetworkOutputs Network, NodeOutput Loss) WithLoss(GraphBuilder g, ClassificationLoss? chosen,
        LossWeights? weights = null, bool isMixed = false)
    {
        ClassificationLoss loss = chosen ?? ClassificationLoss.For(Architecture);
        if (loss.Outputs != Architecture.Output)
            throw new ArgumentException($"The loss {loss.GetType().Name} is for {loss.Outputs} outputs; "
                + $"{Architecture.DisplayName} has {Architecture.Output} outputs.");
        NetworkOutputs network = Network(g);
        NodeOutput Total(string labelInput, string suffix) => WithAuxiliaries(g, network,
            g.Placeholder(labelInput, DataType.Int32, new TensorShape(-1)), suffix,
            (outputs, labels, name) => loss.Build(g, outputs, labels, name, weights));
        NodeOutput total = Total(ClassificationGraph.LabelInput, "");
        return (network, isMixed ? Mixed(g, total, Total(ClassificationGraph.MixedLabelInput, "_mixed")) : total);
    }

    /// <summary>The loss, with the weighted losses of auxiliary classifiers.</summary>
    private static NodeOutput WithAuxiliaries(GraphBuilder g, NetworkOutputs network, NodeOutput labels, string suffix,
        Func<NodeOutput, NodeOutput, string, NodeOutput> loss)
    {
        NodeOutput total = loss(network.Output, labels, $"loss{suffix}");
        for (int i = 0; i < network.Auxiliary.Count; i++)
        {
            NodeOutput auxiliary = loss(network.Auxiliary[i].Logits, labels, $"loss{suffix}_auxiliary{i + 1}");
            NodeOutput weighted = g.AddNode("Mul",
                [auxiliary, g.Constant(TensorLiteral.Scalar(network.Auxiliary[i].LossWeight))]).Output();
            total = g.AddNode("AddV2", [total, weighted]).Output();
        }
        return total;
    }

    /// <summary>λ·own + (1-λ)·other. Zhang et al. 2017, arXiv:1710.09412.</summary>
    internal static NodeOutput Mixed(GraphBuilder g, NodeOutput own, NodeOutput other)
    {
        var mix = new TensorExpression(g, g.Placeholder(ClassificationGraph.MixInput, DataType.Float,
            TensorShape.Scalar));
        using (g.Scope("mixed_loss"))
            return ((mix * new TensorExpression(g, own)) + ((1 - mix) * new TensorExpression(g, other))).In(g);
    }

    private static float WeightDecay(VariableDefinition variable, TrainingOptions options) =>
        variable.Role == VariableRole.Kernel || options.DecayAllParameters ? options.WeightDecay : 0;
}
