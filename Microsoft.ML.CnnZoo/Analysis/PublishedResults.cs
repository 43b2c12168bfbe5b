namespace Microsoft.ML.CnnZoo;

/// <summary>An accuracy that somebody has published for a network, with what must be known to compare it.</summary>
/// <param name="DataSet">For example <c>ImageNet</c> (the 50,000 validation images of ILSVRC-2012), <c>CIFAR-10</c>,
/// <c>MNIST</c>.</param>
/// <param name="Top1Error">Share of wrong answers in percent; null where it was not given.</param>
/// <param name="Top5Error">Share of images whose class is not among the five best in percent; null where it was not
/// given.</param>
/// <param name="Protocol">Crops, scales, networks, augmentation.</param>
/// <param name="Source">Who says so: <c>paper</c>, <c>authors' release</c>, a later paper of theirs, or the library
/// whose weights were measured.</param>
public sealed record PublishedAccuracy(string DataSet, double? Top1Error, double? Top5Error, string Protocol,
    string Source)
{
    /// <summary>
    /// Whether the network's authors say so, and not a library that trained it anew by its own recipe.
    /// </summary>
    public bool IsFromAuthors =>
        Source is PublishedResults.Paper or PublishedResults.LaterPaper or PublishedResults.Release;
}

/// <summary>
/// What has been published of the networks' accuracy, by the networks' names. The result to quote comes first.
/// </summary>
/// <remarks>
/// Variants that no paper and no library has measured have no entry. CIFAR plain networks have none: their paper shows
/// curves and no numbers.
/// </remarks>
internal static class PublishedResults
{
    internal const string Paper = "paper", LaterPaper = "LeCun et al. 1998", Release = "authors' release";
    private const string Torchvision = "torchvision, weights IMAGENET1K_V1", Keras = "Keras Applications";
    private const string ImageNet = "ImageNet", Cifar10 = "CIFAR-10", Cifar100 = "CIFAR-100", Mnist = "MNIST";
    private const string OneNetwork = "one network", OneCrop = "one crop, one network",
        TenCrop = "ten crops, one network", MirrorAndShift = "mirrored and shifted training images",
        NoAugmentation = "no augmentation";

    private static readonly Dictionary<string, PublishedAccuracy[]> Table = new(StringComparer.Ordinal)
    {
        ["lenet1"] = [new(Mnist, 1.7, null, "training images as they are", LaterPaper)],
        ["lenet5"] = [new(Mnist, 0.95, null, "training images as they are", Paper),
            new(Mnist, 0.8, null, "training images distorted besides", Paper)],
        ["alexnet"] = [new(ImageNet, 40.7, 18.2, TenCrop, Paper),
            new(ImageNet, 38.1, 16.4, "ten crops, five networks", Paper)],
        ["alexnet_torchvision"] = [Library(56.522, 79.066)],
        ["zfnet"] = [new(ImageNet, 38.4, 16.5, OneNetwork, Paper), new(ImageNet, 36.0, 14.7, "six networks", Paper)],
        ["zfnet_large"] = [new(ImageNet, 37.5, 16.0, OneNetwork, Paper)],
        ["nin"] = [new(Cifar10, 8.81, null, MirrorAndShift, Paper), new(Cifar10, 10.41, null, NoAugmentation, Paper),
            new(Cifar100, 35.68, null, NoAugmentation, Paper)],
        ["nin_imagenet"] = [new(ImageNet, 40.6, null, OneNetwork, "Caffe Model Zoo")],
        ["vgg11"] = [Library(69.02, 88.628)],
        ["vgg13"] = [Library(69.93, 89.25)],
        ["vgg16"] =
        [
            new(ImageNet, 25.6, 8.1, "one scale, whole image, one network", Paper),
                new(ImageNet, 24.8, 7.5, "several scales, whole image, one network", Paper),
            new(ImageNet, 23.7, 6.8, "many crops and whole image, configurations D and E together", Paper),
                Library(71.592, 90.382),
        ],
        ["vgg19"] = [Library(72.376, 90.876)],
        ["vgg13_bn"] = [Library(71.586, 90.374)],
        ["vgg16_bn"] = [Library(73.36, 91.516)],
        ["googlenet"] =
        [
            new(ImageNet, null, 10.07, OneCrop, Paper), new(ImageNet, null, 7.89, "144 crops, one network", Paper),
                new(ImageNet, null, 6.67, "144 crops, seven networks", Paper),
        ],
        ["googlenet_torchvision"] = [Library(69.778, 89.53)],
        ["inception_v2"] = [new(ImageNet, 25.2, 7.8, OneCrop, Paper)],
        ["inception_v3"] = [new(ImageNet, 21.2, 5.6, OneCrop, Paper),
            new(ImageNet, 17.2, 3.58, "144 crops, four networks", Paper), Library(77.294, 93.45)],
        ["inception_v4"] = [new(ImageNet, 20.0, 5.0, OneCrop, Paper)],
        ["inception_resnet_v1"] = [new(ImageNet, 21.3, 5.5, OneCrop, Paper)],
        ["inception_resnet_v2"] = [new(ImageNet, 19.9, 4.9, OneCrop, Paper)],
        ["resnet18"] = [Library(69.758, 89.078)],
        ["resnet34"] = [Library(73.314, 91.42)],
        ["resnet50_torchvision"] = [Library(76.13, 92.862)],
        ["resnet101_torchvision"] = [Library(77.374, 93.546)],
        ["resnet152_torchvision"] = [Library(78.312, 94.046)],
        ["resnet50"] = [new(ImageNet, 24.7, 7.8, OneCrop, Release), new(ImageNet, 22.9, 6.7, TenCrop, Release)],
        ["resnet101"] = [new(ImageNet, 23.6, 7.1, OneCrop, Release), new(ImageNet, 21.8, 6.1, TenCrop, Release)],
        ["resnet152"] = [new(ImageNet, 23.0, 6.7, OneCrop, Release), new(ImageNet, 21.4, 5.7, TenCrop, Release)],
        ["resnet50_v2"] = [Library(76.0, 93.0, OneNetwork, Keras)],
        ["resnet101_v2"] = [Library(77.2, 93.8, OneNetwork, Keras)],
        ["resnet152_v2"] = [Library(78.0, 94.2, OneNetwork, Keras)],
        ["resnet20_cifar"] = [new(Cifar10, 8.75, null, MirrorAndShift, Paper)],
        ["resnet32_cifar"] = [new(Cifar10, 7.51, null, MirrorAndShift, Paper)],
        ["resnet44_cifar"] = [new(Cifar10, 7.17, null, MirrorAndShift, Paper)],
        ["resnet56_cifar"] = [new(Cifar10, 6.97, null, MirrorAndShift, Paper)],
        ["resnet110_cifar"] = [new(Cifar10, 6.43, null, $"{MirrorAndShift}, best of five runs", Paper),
            new(Cifar10, 6.61, null, $"{MirrorAndShift}, mean of five runs", Paper)],
        ["resnet110_v2_cifar"] = [new(Cifar10, 6.37, null, MirrorAndShift, Paper)],
        ["resnet164_v2_cifar"] = [new(Cifar10, 5.46, null, MirrorAndShift, Paper)],
        ["densenet121"] = [new(ImageNet, 25.0, null, OneCrop, Release), Library(74.434, 91.972)],
        ["densenet169"] = [new(ImageNet, 23.6, null, OneCrop, Release), Library(75.6, 92.806)],
        ["densenet201"] = [new(ImageNet, 22.5, null, OneCrop, Release), Library(76.896, 93.37)],
        ["densenet161"] = [new(ImageNet, 22.2, null, OneCrop, Release), Library(77.138, 93.56)],
        ["densenet40_k12_cifar"] = Cifar(5.24, 24.42, 7.0, 27.55),
        ["densenet100_k12_cifar"] = Cifar(4.1, 20.2, 5.77, 23.79),
        ["densenet_bc100_k12_cifar"] = Cifar(4.51, 22.27, 5.92, 24.15),
        ["densenet_bc250_k24_cifar"] = Cifar(3.62, 17.6, 5.19, 19.64),
        ["densenet_bc190_k40_cifar"] = Cifar(3.46, 17.18),
        ["xception"] = [new(ImageNet, 21.0, 5.5, OneCrop, Paper)],
    };

    /// <summary>Names that have results.</summary>
    public static IEnumerable<string> Names => Table.Keys;

    /// <summary>The results of a network; the form without auxiliary classifiers scores as the other does.</summary>
    public static IReadOnlyList<PublishedAccuracy> Of(string name) =>
        Table.GetValueOrDefault(name.EndsWith("_noaux", StringComparison.Ordinal) ? name[..^"_noaux".Length] : name,
            []);

    /// <summary>Accuracies of a library's weights as errors.</summary>
    private static PublishedAccuracy Library(double top1, double top5, string protocol = OneCrop,
        string source = Torchvision) =>
        new(ImageNet, Math.Round(100 - top1, 3), Math.Round(100 - top5, 3), protocol, source);

    private static PublishedAccuracy[] Cifar(double cifar10, double cifar100, double? cifar10Plain = null,
        double? cifar100Plain = null) =>
    [
        new(Cifar10, cifar10, null, MirrorAndShift, Release), new(Cifar100, cifar100, null, MirrorAndShift, Release),
        .. cifar10Plain is null ? []
            : new PublishedAccuracy[] { new(Cifar10, cifar10Plain, null, NoAugmentation, Release),
            new(Cifar100, cifar100Plain, null, NoAugmentation, Release) },
    ];
}
