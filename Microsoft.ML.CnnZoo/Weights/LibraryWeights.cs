using Microsoft.ML.CnnZoo.Architectures;

namespace Microsoft.ML.CnnZoo.Weights;

/// <summary>What is known of the weights that torchvision and timm publish.</summary>
internal static class LibraryWeights
{
    /// <summary>
    /// What they were trained with: [-1, 1] the Inception family and timm's pre-activation networks, else ImageNet's
    /// statistics.
    /// </summary>
    public static PixelNormalization PixelsOf(CnnArchitecture architecture) => architecture
        is GoogLeNet or InceptionV2 or InceptionV3 or InceptionV4 or InceptionResNetV1 or InceptionResNetV2 or Xception
            or PreActivationResNet
        ? PixelNormalization.SignedUnitRange(3) : PixelNormalization.ImageNet;

    /// <summary>
    /// Name of the form that the libraries' weights belong to; null where it is the network itself, or there is none.
    /// </summary>
    public static string? FormOf(CnnArchitecture architecture) => architecture.Name switch
    {
        "alexnet" or "alexnet_ungrouped" => "alexnet_torchvision",
        "googlenet" or "googlenet_naive" or "googlenet_noaux" => "googlenet_torchvision",
        "resnet50" or "resnet101" or "resnet152" => $"{architecture.Name}_torchvision",
        _ => null,
    };
}
