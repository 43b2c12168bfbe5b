namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>
/// Other names of networks. Case, hyphens, underscores and blanks make no difference, so spellings are not listed.
/// </summary>
internal static class ArchitectureAliases
{
    private static readonly Dictionary<string, string[]> Table = new(StringComparer.Ordinal)
    {
        ["lenet5"] = ["lenet", "lenet5_1998", "lenet5_original"],
        ["lenet5_relu"] = ["lenet5_modern"],
        ["alexnet"] = ["alexnet_original"],
        ["alexnet_torchvision"] = ["alexnet_one_weird_trick", "alexnet_owt"],
        ["zfnet"] = ["zeiler_fergus"],
        ["nin"] = ["network_in_network", "nin_cifar"],
        ["nin_imagenet"] = ["network_in_network_imagenet"],
        ["vgg11"] = ["vgg_a"],
        ["vgg11_lrn"] = ["vgg_a_lrn"],
        ["vgg13"] = ["vgg_b"],
        ["vgg16_c"] = ["vgg_c"],
        ["vgg16"] = ["vgg_d"],
        ["vgg19"] = ["vgg_e"],
        ["googlenet"] = ["googlenet_original", "inception_v1"],
        ["googlenet_torchvision"] = ["googlenet_bn"],
        ["inception_v2"] = ["bn_inception"],
        ["resnet50_torchvision"] = ["resnet50_v1_5"],
        ["resnet101_torchvision"] = ["resnet101_v1_5"],
        ["resnet152_torchvision"] = ["resnet152_v1_5"],
        ["wide_resnet50_2"] = ["wide_resnet50"],
        ["resnext50_32x4d"] = ["resnext50"],
        ["resnet50_v2"] = ["resnetv2_50"],
        ["resnet101_v2"] = ["resnetv2_101"],
        ["resnet152_v2"] = ["resnetv2_152"],
        ["resnet110_v2_cifar"] = ["preresnet110_cifar"],
        ["resnet164_v2_cifar"] = ["preresnet164_cifar"],
        ["squeezenet"] = ["squeezenet1_0"],
        ["mobilenet_v2"] = ["mobilenet"],
    };

    /// <summary>The aliases of a network.</summary>
    public static IReadOnlyList<string> Of(string name) => Table.GetValueOrDefault(name, []);

    /// <summary>The networks that have aliases.</summary>
    public static IEnumerable<string> Names => Table.Keys;
}
