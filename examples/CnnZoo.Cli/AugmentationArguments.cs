using System.CommandLine;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary>The switch <c>--augment</c>: names of augmentations.</summary>
internal static class AugmentationArguments
{
    private const int PresetSide = 224;

    private static readonly Dictionary<string, ImageAugmentation> Known = new(StringComparer.Ordinal)
    {
        ["auto"] = ImageAugmentation.Auto,
        ["none"] = ImageAugmentation.None,
        ["cifar"] = ImageAugmentation.Cifar,
        ["alexnet"] = ImageAugmentation.AlexNet,
        ["vgg"] = ImageAugmentation.Vgg,
        ["resnet"] = ImageAugmentation.ResNet,
        ["inception"] = ImageAugmentation.Inception,
        ["digits"] = new() { Rotation = 10, Scale = new(0.9, 1.1), Translation = 0.1 },
        ["trivial"] = ImageAugmentation.Cifar with { TrivialAugment = true },
        ["strong"] = new()
        {
            Area = new(0.5, 1), Mirror = true, Rotation = 15, Brightness = 0.2, Contrast = 0.2, Saturation = 0.2,
            Hue = 0.05,
        },
        ["mixup"] = ImageAugmentation.Cifar with { Mixup = 0.2 },
        ["cutmix"] = ImageAugmentation.Cifar with { CutMix = 1 },
    };

    /// <summary>The names.</summary>
    public static string[] Names => [.. Known.Keys];

    /// <summary>The switch.</summary>
    /// <param name="byDefault">The name that is used when none is given.</param>
    public static Option<string?> Option(string byDefault) => CommandOptions.Name(
        "--augment", $"How training images are changed at random [default: {byDefault}]", Names);

    /// <summary>The augmentation of a name, for networks on 224x224 pixels.</summary>
    public static ImageAugmentation Find(string name) => Known[name];

    /// <summary>The same for a network's images.</summary>
    /// <param name="name">One of those that the switch accepts.</param>
    /// <param name="side">Shorter side of the network's images.</param>
    public static ImageAugmentation Find(string name, int side)
    {
        ImageAugmentation augmentation = Find(name);
        return side == PresetSide || augmentation.IsAuto ? augmentation : augmentation.ForSide(side);
    }
}
