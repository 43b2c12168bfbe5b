namespace Microsoft.ML.CnnZoo.Tests.Golden;

/// <summary>Names of networks in the golden files where they are not the catalog's.</summary>
internal static class GoldenNames
{
    private static readonly Dictionary<string, string> GoldenByCatalog = new(StringComparer.Ordinal)
    {
        ["lenet5"] = "lenet5_1998",
        ["lenet5_relu"] = "lenet5_modern_relu",
        ["lenet5_tanh"] = "lenet5_modern_tanh",
        ["alexnet"] = "alexnet_original",
        ["alexnet_torchvision"] = "alexnet",
        ["nin"] = "nin_cifar10",
        ["vgg11_lrn"] = "vgg_a_lrn",
        ["vgg16_c"] = "vgg_c",
        ["googlenet"] = "googlenet_original",
        ["googlenet_noaux"] = "googlenet_original_noaux",
        ["googlenet_torchvision"] = "googlenet",
        ["googlenet_torchvision_noaux"] = "googlenet_noaux",
        ["resnet50"] = "resnet50_v1",
        ["resnet101"] = "resnet101_v1",
        ["resnet152"] = "resnet152_v1",
        ["resnet50_torchvision"] = "resnet50",
        ["resnet101_torchvision"] = "resnet101",
        ["resnet152_torchvision"] = "resnet152",
        ["resnet18_option_a"] = "resnet18_v1_A",
        ["resnet18_option_c"] = "resnet18_v1_C",
        ["resnet34_option_a"] = "resnet34_v1_A",
        ["resnet34_option_c"] = "resnet34_v1_C",
        ["resnet50_option_a"] = "resnet50_v1_A",
        ["resnet50_option_c"] = "resnet50_v1_C",
        ["resnet50_v2"] = "resnetv2_50",
        ["resnet101_v2"] = "resnetv2_101",
        ["resnet152_v2"] = "resnetv2_152",
        ["resnet110_v2_cifar"] = "preresnet110_cifar",
        ["resnet164_v2_cifar"] = "preresnet164_cifar",
        ["densenet40_k12_cifar"] = "densenet_40_12_cifar",
        ["densenet100_k12_cifar"] = "densenet_100_12_cifar",
        ["densenet_bc40_k12_cifar"] = "densenet_bc_40_12_cifar",
        ["densenet_bc100_k12_cifar"] = "densenet_bc_100_12_cifar",
        ["densenet_bc250_k24_cifar"] = "densenet_bc_250_24_cifar",
        ["densenet_bc190_k40_cifar"] = "densenet_bc_190_40_cifar",
        ["squeezenet"] = "squeezenet1_0",
    };

    private static readonly Dictionary<string, string> CatalogByGolden = GoldenByCatalog.ToDictionary(n => n.Value, n =>
        n.Key);

    /// <summary>The golden files' name of a network of the catalog.</summary>
    public static string OfCatalog(string name) => GoldenByCatalog.GetValueOrDefault(name, name);

    /// <summary>The catalog's name of a network of the golden files.</summary>
    public static string ToCatalog(string golden) => CatalogByGolden.GetValueOrDefault(golden, golden);
}
