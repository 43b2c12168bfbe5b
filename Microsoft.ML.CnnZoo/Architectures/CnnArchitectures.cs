using Microsoft.ML.CnnZoo.Architectures;

namespace Microsoft.ML.CnnZoo;

/// <summary>The catalog of networks.</summary>
/// <remarks>LeNet-4 is left out: its published 17,000 parameters do not fit its own description (its 120-unit layer alone needs 48,120).</remarks>
public static class CnnArchitectures
{
    private static readonly Dictionary<string, string> Aliases = new(StringComparer.OrdinalIgnoreCase)
    {
        ["lenet"] = "lenet5_modern_relu", ["lenet5"] = "lenet5_modern_relu", ["lenet5_modern"] = "lenet5_modern_relu",
        ["alexnet_owt"] = "alexnet", ["vgg_a"] = "vgg11", ["vgg_b"] = "vgg13", ["vgg_d"] = "vgg16", ["vgg_e"] = "vgg19", ["nin"] = "nin_cifar10",
        ["googlenet_bn"] = "googlenet", ["inception_v1"] = "googlenet_original", ["bn_inception"] = "inception_v2",
        ["resnet18_v1_B"] = "resnet18", ["resnet34_v1_B"] = "resnet34", ["resnet50_v1_B"] = "resnet50_v1", ["squeezenet"] = "squeezenet1_1", ["mobilenetv2"] = "mobilenet_v2",
        ["lenet5_tanh"] = "lenet5_modern_tanh", ["lenet5_original"] = "lenet5_1998",
    };

    /// <summary>LeNet-5 with ReLU, average pooling and softmax; 61,706 parameters.</summary>
    public static CnnArchitecture LeNet5 => Architectures.LeNet5.Relu;

    /// <summary>LeNet-5 with tanh, average pooling and softmax; 61,706 parameters.</summary>
    public static CnnArchitecture LeNet5Tanh => Architectures.LeNet5.Tanh;

    /// <summary>LeNet-5 as published in 1998: connection table, trainable subsampling, scaled tanh, RBF output; 60,000 parameters.</summary>
    public static CnnArchitecture LeNet5Original => Architectures.LeNet5Original.Instance;

    /// <summary>LeNet-1; 2,578 parameters.</summary>
    public static CnnArchitecture LeNet1 => Architectures.LeNet1.Instance;

    /// <summary>AlexNet as published in 2012; 60,965,224 parameters with 1,000 classes.</summary>
    public static CnnArchitecture AlexNet => Architectures.AlexNet.Original;

    /// <summary>ZFNet; 62,357,608 parameters.</summary>
    public static CnnArchitecture ZFNet => Architectures.ZFNet.Standard;

    /// <summary>Network in Network for 32×32 images; 966,986 parameters with ten classes.</summary>
    public static CnnArchitecture NetworkInNetwork => Architectures.NetworkInNetwork.Cifar10;

    /// <summary>VGG, configuration D; 138,357,544 parameters.</summary>
    public static CnnArchitecture Vgg16 => Vgg.D;

    /// <summary>GoogLeNet as published in 2014; 6,998,552 parameters, 13,378,280 with the auxiliary classifiers.</summary>
    public static CnnArchitecture GoogLeNet => Architectures.GoogLeNet.Original;

    /// <summary>Inception v3; 23,834,568 parameters, 27,161,264 with the auxiliary classifier.</summary>
    public static CnnArchitecture InceptionV3 => Architectures.InceptionV3.Instance;

    /// <summary>ResNet-18; 11,689,512 parameters.</summary>
    public static CnnArchitecture ResNet18 => ResNet.ResNet18;

    /// <summary>ResNet-50 (v1.5); 25,557,032 parameters.</summary>
    public static CnnArchitecture ResNet50 => ResNet.ResNet50;

    /// <summary>ResNet-20 for 32×32 images; 269,722 parameters with ten classes.</summary>
    public static CnnArchitecture ResNet20Cifar => CifarResNet.ResNet20;

    /// <summary>DenseNet-121; 7,978,856 parameters.</summary>
    public static CnnArchitecture DenseNet121 => DenseNet.DenseNet121;

    /// <summary>Xception; 22,855,952 parameters.</summary>
    public static CnnArchitecture Xception => Architectures.Xception.Instance;

    /// <summary>SqueezeNet 1.1; 1,235,496 parameters.</summary>
    public static CnnArchitecture SqueezeNet => Architectures.SqueezeNet.V11;

    /// <summary>MobileNetV2; 3,504,872 parameters.</summary>
    public static CnnArchitecture MobileNetV2 => Architectures.MobileNetV2.Instance;

    /// <summary>All networks, family by family, oldest family first.</summary>
    public static IReadOnlyList<CnnArchitecture> All { get; } =
    [
        LeNet1, LeNet5Original, LeNet5Tanh, LeNet5,
        Architectures.AlexNet.Original, Architectures.AlexNet.Ungrouped, AlexNetOneWeirdTrick.Instance,
        Architectures.ZFNet.Standard, Architectures.ZFNet.Large,
        Architectures.NetworkInNetwork.Cifar10, Architectures.NetworkInNetwork.ImageNet,
        .. Vgg.All, .. Architectures.GoogLeNet.All, .. InceptionV2.All, .. Architectures.InceptionV3.All, .. InceptionV4.All, .. InceptionResNetV1.All, .. InceptionResNetV2.All, .. ResNet.All, .. CifarResNet.All, .. PreActivationResNet.All, .. DenseNet.All,
        Architectures.Xception.Instance, Architectures.SqueezeNet.V10, Architectures.SqueezeNet.V11, Architectures.MobileNetV2.Instance,
    ];

    /// <summary>The network of that name or alias (<c>lenet5</c>), whatever the case.</summary>
    /// <exception cref="ArgumentException">There is none; the message lists the nearest names.</exception>
    public static CnnArchitecture Find(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        string wanted = Aliases.GetValueOrDefault(name, name);
        return All.FirstOrDefault(a => string.Equals(a.Name, wanted, StringComparison.OrdinalIgnoreCase))
            ?? throw new ArgumentException($"There is no architecture '{name}'. Did you mean {string.Join(", ", Nearest(name, All.Select(a => a.Name).Concat(Aliases.Keys)))}?", nameof(name));
    }

    internal static IEnumerable<string> AliasesOf(CnnArchitecture architecture) =>
        Aliases.Where(alias => alias.Value == architecture.Name).Select(alias => alias.Key);

    /// <summary>The three names that are most like a mistyped one.</summary>
    internal static IEnumerable<string> Nearest(string name, IEnumerable<string> names) =>
        names.OrderBy(n => Distance(name.ToUpperInvariant(), n.ToUpperInvariant())).ThenBy(n => n, StringComparer.Ordinal).Take(3);

    /// <summary>Levenshtein's distance.</summary>
    private static int Distance(string a, string b)
    {
        int[] previous = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            var row = new int[b.Length + 1];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
                row[j] = Math.Min(Math.Min(row[j - 1], previous[j]) + 1, previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
            previous = row;
        }
        return previous[^1];
    }
}
