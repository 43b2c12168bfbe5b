using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Weights.Names;

namespace Microsoft.ML.CnnZoo.Weights;

/// <summary>
/// What a file of weights asks of a network: the variant that it belongs to (batch normalization's epsilon, padding,
/// strides) and the names of its tensors. Equal tensors with another epsilon give other scores and no error.
/// </summary>
/// <param name="Architecture">The network to build.</param>
/// <param name="Names">The file's names.</param>
/// <param name="Remarks">What differs from the network that was asked for, for the log.</param>
/// <param name="Facts">What the file says of itself.</param>
internal sealed record WeightsForm(CnnArchitecture Architecture, WeightNames Names, IReadOnlyList<string> Remarks,
    WeightsFacts Facts)
{
    private const float KerasEpsilon = 1.001e-5f, TensorFlowEpsilon = 1e-3f;

    /// <summary>
    /// What the network was trained with: as the file says, else as its origin has it; null where neither is known.
    /// </summary>
    public ImagePreprocessing? Preprocessing { get; private init; } = Facts.Preprocessing;

    /// <summary>Whether tensors are in TensorFlow's layout, and images [N,H,W,C] where the file comes from.</summary>
    public bool IsOfTensorFlow => Names is KerasNames;

    /// <summary>Whether the colors of images, red, green, blue, have to be reversed for the weights.</summary>
    public bool IsReversed => Preprocessing?.Order == ChannelOrder.Bgr;

    /// <summary>Finds out.</summary>
    /// <param name="architecture">The network that was asked for.</param>
    /// <param name="source">The file's tensors.</param>
    /// <exception cref="InvalidDataException">The names are of a network that this one is not.</exception>
    public static WeightsForm Resolve(CnnArchitecture architecture, ITensorSource source)
    {
        WeightsFacts facts = WeightsFacts.Read(source);
        if (!facts.IsOurs && KerasLayers.Has(source))
            return OfKeras(architecture, source, facts);
        string? mark = facts.IsOurs ? null : source.Tensors.Select(t => t.Name).FirstOrDefault(n =>
            n.EndsWith(TransformersResNetNames.Mark, StringComparison.Ordinal)
            || n.EndsWith(TransformersMobileNetV2Names.Mark, StringComparison.Ordinal));
        if (mark is not null)
            return OfTransformers(architecture, source, facts, mark);
        WeightNames names = architecture is DenseNet { IsCifar: false }
            && source.Tensors.Any(t => t.Name.EndsWith("denselayer1.norm.1.weight", StringComparison.Ordinal))
            ? new DenseNetNames(isCifar: false, isOld: true) : TorchNames.Of(architecture);
        return Adapt(architecture, facts.Epsilon, facts.TensorFlowPadding, names, [], facts);
    }

    private static WeightsForm OfTransformers(CnnArchitecture architecture, ITensorSource source, WeightsFacts facts,
        string mark)
    {
        if (mark.EndsWith(TransformersMobileNetV2Names.Mark, StringComparison.Ordinal))
            return architecture is MobileNetV2 ? Adapt(architecture, facts.Epsilon ?? TensorFlowEpsilon,
                facts.TensorFlowPadding ?? true, new TransformersMobileNetV2Names(mark.Contains("mobilenet_v2.",
                StringComparison.Ordinal)), ["transformers' names"], facts)
                : throw Other(architecture, source, "transformers' MobileNetV2", ["mobilenet_v2"]);
        if (architecture is not ResNet)
            throw Other(architecture, source, "transformers' ResNet", ["resnet18", "resnet50_torchvision"]);
        // Unless it says otherwise, a bottleneck strides in its 3x3.
        CnnArchitecture form = facts.StridesInFirst ? OfPaper(architecture)
            : LibraryWeights.FormOf(architecture) is string name ? CnnArchitectures.Find(name) : architecture;
        return Adapt(form, facts.Epsilon, facts.TensorFlowPadding,
            new TransformersResNetNames(mark.Contains("resnet.", StringComparison.Ordinal)),
            ["transformers' names", .. Strides(architecture, form)], facts);
    }

    private static WeightsForm OfKeras(CnnArchitecture architecture, ITensorSource source, WeightsFacts facts)
    {
        CnnArchitecture form = architecture is ResNet ? OfPaper(architecture) : architecture;
        var layers = new KerasLayers(source);
        if (layers.Find("conv2_block1_preact_bn", "beta") is not null)
            throw new InvalidDataException($"'{source.Origin}' holds Keras' ResNet v2, which strides at the end of "
                + $"each stage; {architecture.DisplayName} strides at its beginning, as its paper does. Import the "
                + "whole model instead.");
        if (!KerasNames.Knows(form))
            throw Other(architecture, source, "Keras' layers", ["vgg16", "vgg19", "resnet50", "resnet101", "resnet152",
                "densenet121", "densenet169", "densenet201", "inception_v3", "inception_resnet_v2", "xception",
                "mobilenet_v2"]);
        float? epsilon = form switch
        {
            Vgg => null,
            ResNet or DenseNet => KerasEpsilon,
            _ => TensorFlowEpsilon,
        };
        ImagePreprocessing pixels = form switch
        {
            Vgg or ResNet => ImagePreprocessing.KerasCaffe,
            DenseNet => ImagePreprocessing.Torchvision,
            _ => ImagePreprocessing.KerasTensorFlow,
        };
        WeightsForm adapted = Adapt(form, facts.Epsilon ?? epsilon,
            facts.TensorFlowPadding ?? form is InceptionV3 or Xception or MobileNetV2, new KerasNames(form, layers),
            ["Keras' names", .. Strides(architecture, form)], facts);
        return adapted with { Preprocessing = facts.Preprocessing ?? pixels };
    }

    /// <summary>The network with a file's epsilon and padding, unless the user chose an epsilon.</summary>
    private static WeightsForm Adapt(CnnArchitecture architecture, float? epsilon, bool? padding, WeightNames names,
        IReadOnlyList<string> remarks, WeightsFacts facts)
    {
        List<string> all = [.. remarks];
        if (epsilon is float e && architecture.BatchNormEpsilonOverride is null
            && !(e == TensorFlowEpsilon && architecture is InceptionV3 or InceptionResNetV2))
        {
            architecture = architecture.WithBatchNormEpsilon(e);
            all.Add($"batch normalization's epsilon is {e}");
        }
        if (padding == true && !architecture.TensorFlowPadding)
        {
            architecture = architecture.WithTensorFlowPadding();
            all.Add("padding is TensorFlow's");
        }
        return new(architecture, names, all, facts);
    }

    private static CnnArchitecture OfPaper(CnnArchitecture architecture) =>
        architecture.Name.EndsWith("_torchvision", StringComparison.Ordinal)
            ? CnnArchitectures.Find(architecture.Name[..^"_torchvision".Length]) : architecture;

    private static string[] Strides(CnnArchitecture asked, CnnArchitecture form) =>
        asked.Name == form.Name ? [] : [$"strides are those of '{form.Name}'"];

    private static InvalidDataException Other(CnnArchitecture architecture, ITensorSource source, string names,
        string[] networks) => new($"'{source.Origin}' does not fit {architecture.DisplayName}: its tensors have the "
            + $"names of {names}, which are known for {string.Join(", ", networks)}.");
}
