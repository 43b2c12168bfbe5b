using Microsoft.ML.CnnZoo.Architectures;

namespace Microsoft.ML.CnnZoo;

/// <summary>The catalog of networks.</summary>
/// <remarks>
/// A bare name is the network as its paper has it; forms that libraries made of it, and variants, say so in their
/// names. Parameters are counted with 1,000 classes where nothing else is said. LeNet-4 is left out: its published
/// 17,000 parameters do not fit its own description (its 120-unit layer alone needs 48,120).
/// </remarks>
public static class CnnArchitectures
{
    /// <summary>LeNet-1; 2,578 parameters with ten classes.</summary>
    public static CnnArchitecture LeNet1 => Architectures.LeNet1.Instance;

    /// <summary>
    /// LeNet-5 as published in 1998: connection table, trainable subsampling, scaled tanh, RBF output; 60,000
    /// parameters with ten classes. Images of 32x32 pixels or more. <see cref="LeNet5Relu"/> is today's form: faster to
    /// train and more accurate.
    /// </summary>
    public static CnnArchitecture LeNet5 => Architectures.LeNet5.Instance;

    /// <summary>LeNet-5 with tanh, average pooling and softmax; 61,706 parameters with ten classes.</summary>
    public static CnnArchitecture LeNet5Tanh => LeNet5Modern.Tanh;

    /// <summary>
    /// LeNet-5 with ReLU, average pooling and softmax, as it is taught today; 61,706 parameters with ten classes.
    /// </summary>
    public static CnnArchitecture LeNet5Relu => LeNet5Modern.Relu;

    /// <summary>AlexNet as published in 2012, in two groups; 60,965,224 parameters.</summary>
    public static CnnArchitecture AlexNet => Architectures.AlexNet.Original;

    /// <summary>AlexNet without groups; 62,378,344 parameters.</summary>
    public static CnnArchitecture AlexNetUngrouped => Architectures.AlexNet.Ungrouped;

    /// <summary>torchvision's AlexNet, the one-column form of 2014; 61,100,840 parameters.</summary>
    public static CnnArchitecture AlexNetTorchvision => AlexNetOneWeirdTrick.Instance;

    /// <summary>ZFNet; 62,357,608 parameters.</summary>
    public static CnnArchitecture ZFNet => Architectures.ZFNet.Standard;

    /// <summary>ZFNet with 512, 1024, 512 filters in its last convolutions; 107,627,624 parameters.</summary>
    public static CnnArchitecture ZFNetLarge => Architectures.ZFNet.Large;

    /// <summary>Network in Network for 32x32 images; 966,986 parameters with ten classes.</summary>
    public static CnnArchitecture NetworkInNetwork => Architectures.NetworkInNetwork.Cifar10;

    /// <summary>Network in Network for 224x224 images; 7,595,176 parameters.</summary>
    public static CnnArchitecture NetworkInNetworkImageNet => Architectures.NetworkInNetwork.ImageNet;

    /// <summary>VGG, configuration A; 132,863,336 parameters.</summary>
    public static CnnArchitecture Vgg11 => Vgg.A;

    /// <summary>VGG, configuration A-LRN: A with local response normalization; 132,863,336 parameters.</summary>
    public static CnnArchitecture Vgg11Lrn => Vgg.ALrn;

    /// <summary>VGG, configuration B; 133,047,848 parameters.</summary>
    public static CnnArchitecture Vgg13 => Vgg.B;

    /// <summary>VGG, configuration C: 16 layers with 1x1 convolutions; 133,638,952 parameters.</summary>
    public static CnnArchitecture Vgg16C => Vgg.C;

    /// <summary>VGG, configuration D; 138,357,544 parameters.</summary>
    public static CnnArchitecture Vgg16 => Vgg.D;

    /// <summary>VGG, configuration E; 143,667,240 parameters.</summary>
    public static CnnArchitecture Vgg19 => Vgg.E;

    /// <summary>VGG-11 with batch normalization, torchvision's form.</summary>
    public static CnnArchitecture Vgg11Bn => Vgg.ABatchNorm;

    /// <summary>VGG-13 with batch normalization, torchvision's form.</summary>
    public static CnnArchitecture Vgg13Bn => Vgg.BBatchNorm;

    /// <summary>VGG-16 with batch normalization, torchvision's form.</summary>
    public static CnnArchitecture Vgg16Bn => Vgg.DBatchNorm;

    /// <summary>VGG-19 with batch normalization, torchvision's form.</summary>
    public static CnnArchitecture Vgg19Bn => Vgg.EBatchNorm;

    /// <summary>
    /// GoogLeNet (Inception v1) as published in 2014; 6,998,552 parameters, 13,378,280 with the auxiliary classifiers.
    /// </summary>
    public static CnnArchitecture GoogLeNet => Architectures.GoogLeNet.Original;

    /// <summary>GoogLeNet of naive modules, without the 1x1 convolutions that save most of its work.</summary>
    public static CnnArchitecture GoogLeNetNaive => Architectures.GoogLeNet.Naive;

    /// <summary>
    /// torchvision's GoogLeNet, with batch normalization; 6,624,904 parameters, 13,004,888 with the auxiliary
    /// classifiers.
    /// </summary>
    public static CnnArchitecture GoogLeNetTorchvision => Architectures.GoogLeNet.BatchNormalized;

    /// <summary>Inception v2 (BN-Inception).</summary>
    public static CnnArchitecture InceptionV2 => Architectures.InceptionV2.Instance;

    /// <summary>Inception v3; 23,834,568 parameters, 27,161,264 with the auxiliary classifier.</summary>
    public static CnnArchitecture InceptionV3 => Architectures.InceptionV3.Instance;

    /// <summary>Inception v4; 42,679,816 parameters.</summary>
    public static CnnArchitecture InceptionV4 => Architectures.InceptionV4.Instance;

    /// <summary>Inception-ResNet-v1.</summary>
    public static CnnArchitecture InceptionResNetV1 => Architectures.InceptionResNetV1.Instance;

    /// <summary>Inception-ResNet-v2; 55,843,464 parameters.</summary>
    public static CnnArchitecture InceptionResNetV2 => Architectures.InceptionResNetV2.Instance;

    /// <summary>ResNet-18; 11,689,512 parameters.</summary>
    public static CnnArchitecture ResNet18 => ResNet.ResNet18;

    /// <summary>ResNet-34; 21,797,672 parameters.</summary>
    public static CnnArchitecture ResNet34 => ResNet.ResNet34;

    /// <summary>
    /// ResNet-50 as published in 2015: a bottleneck strides in its first 1x1; 25,557,032 parameters. Weights of
    /// torchvision and timm belong to <see cref="ResNet50Torchvision"/>.
    /// </summary>
    public static CnnArchitecture ResNet50 => ResNet.ResNet50;

    /// <summary>ResNet-101 as published in 2015; 44,549,160 parameters.</summary>
    public static CnnArchitecture ResNet101 => ResNet.ResNet101;

    /// <summary>ResNet-152 as published in 2015; 60,192,808 parameters.</summary>
    public static CnnArchitecture ResNet152 => ResNet.ResNet152;

    /// <summary>
    /// torchvision's ResNet-50, known as v1.5: a bottleneck strides in its 3x3; 25,557,032 parameters.
    /// </summary>
    public static CnnArchitecture ResNet50Torchvision => ResNet.ResNet50Torchvision;

    /// <summary>torchvision's ResNet-101 (v1.5); 44,549,160 parameters.</summary>
    public static CnnArchitecture ResNet101Torchvision => ResNet.ResNet101Torchvision;

    /// <summary>torchvision's ResNet-152 (v1.5); 60,192,808 parameters.</summary>
    public static CnnArchitecture ResNet152Torchvision => ResNet.ResNet152Torchvision;

    /// <summary>ResNet-18 with shortcut option A: zeros for new channels, no parameters.</summary>
    public static CnnArchitecture ResNet18OptionA => ResNet.ResNet18OptionA;

    /// <summary>ResNet-18 with shortcut option C: a projection in every block.</summary>
    public static CnnArchitecture ResNet18OptionC => ResNet.ResNet18OptionC;

    /// <summary>ResNet-34 with shortcut option A: zeros for new channels, no parameters.</summary>
    public static CnnArchitecture ResNet34OptionA => ResNet.ResNet34OptionA;

    /// <summary>ResNet-34 with shortcut option C: a projection in every block.</summary>
    public static CnnArchitecture ResNet34OptionC => ResNet.ResNet34OptionC;

    /// <summary>ResNet-50 with shortcut option A: zeros for new channels, no parameters.</summary>
    public static CnnArchitecture ResNet50OptionA => ResNet.ResNet50OptionA;

    /// <summary>ResNet-50 with shortcut option C: a projection in every block.</summary>
    public static CnnArchitecture ResNet50OptionC => ResNet.ResNet50OptionC;

    /// <summary>ResNet-18 without shortcuts.</summary>
    public static CnnArchitecture Plain18 => ResNet.Plain18;

    /// <summary>ResNet-34 without shortcuts.</summary>
    public static CnnArchitecture Plain34 => ResNet.Plain34;

    /// <summary>Wide ResNet-50-2; 68,883,240 parameters.</summary>
    public static CnnArchitecture WideResNet50 => ResNet.WideResNet50;

    /// <summary>ResNeXt-50 (32x4d); 25,028,904 parameters.</summary>
    public static CnnArchitecture ResNeXt50 => ResNet.ResNeXt50;

    /// <summary>ResNet-20 for 32x32 images; 269,722 parameters with ten classes.</summary>
    public static CnnArchitecture ResNet20Cifar => CifarResNet.ResNet20;

    /// <summary>ResNet-32 for 32x32 images.</summary>
    public static CnnArchitecture ResNet32Cifar => CifarResNet.ResNet32;

    /// <summary>ResNet-44 for 32x32 images.</summary>
    public static CnnArchitecture ResNet44Cifar => CifarResNet.ResNet44;

    /// <summary>ResNet-56 for 32x32 images; 853,018 parameters with ten classes.</summary>
    public static CnnArchitecture ResNet56Cifar => CifarResNet.ResNet56;

    /// <summary>ResNet-110 for 32x32 images.</summary>
    public static CnnArchitecture ResNet110Cifar => CifarResNet.ResNet110;

    /// <summary>ResNet-20 for 32x32 images, without shortcuts.</summary>
    public static CnnArchitecture Plain20Cifar => CifarResNet.Plain20;

    /// <summary>ResNet-32 for 32x32 images, without shortcuts.</summary>
    public static CnnArchitecture Plain32Cifar => CifarResNet.Plain32;

    /// <summary>ResNet-44 for 32x32 images, without shortcuts.</summary>
    public static CnnArchitecture Plain44Cifar => CifarResNet.Plain44;

    /// <summary>ResNet-56 for 32x32 images, without shortcuts.</summary>
    public static CnnArchitecture Plain56Cifar => CifarResNet.Plain56;

    /// <summary>ResNet-50 v2 (pre-activation); 25,549,352 parameters.</summary>
    public static CnnArchitecture ResNet50V2 => PreActivationResNet.ResNet50;

    /// <summary>ResNet-101 v2 (pre-activation); 44,541,480 parameters.</summary>
    public static CnnArchitecture ResNet101V2 => PreActivationResNet.ResNet101;

    /// <summary>ResNet-152 v2 (pre-activation); 60,185,128 parameters.</summary>
    public static CnnArchitecture ResNet152V2 => PreActivationResNet.ResNet152;

    /// <summary>Pre-activation ResNet-110 for 32x32 images.</summary>
    public static CnnArchitecture ResNet110V2Cifar => PreActivationResNet.CifarResNet110;

    /// <summary>Pre-activation ResNet-164 for 32x32 images; 1,703,258 parameters with ten classes.</summary>
    public static CnnArchitecture ResNet164V2Cifar => PreActivationResNet.CifarResNet164;

    /// <summary>DenseNet-121; 7,978,856 parameters.</summary>
    public static CnnArchitecture DenseNet121 => DenseNet.DenseNet121;

    /// <summary>DenseNet-161, growth rate 48; 28,681,000 parameters.</summary>
    public static CnnArchitecture DenseNet161 => DenseNet.DenseNet161;

    /// <summary>DenseNet-169; 14,149,480 parameters.</summary>
    public static CnnArchitecture DenseNet169 => DenseNet.DenseNet169;

    /// <summary>DenseNet-201; 20,013,928 parameters.</summary>
    public static CnnArchitecture DenseNet201 => DenseNet.DenseNet201;

    /// <summary>DenseNet-264; 33,337,704 parameters.</summary>
    public static CnnArchitecture DenseNet264 => DenseNet.DenseNet264;

    /// <summary>DenseNet (L=40, k=12) for 32x32 images; 1,019,722 parameters with ten classes.</summary>
    public static CnnArchitecture DenseNet40K12Cifar => DenseNet.Cifar40;

    /// <summary>DenseNet (L=100, k=12) for 32x32 images.</summary>
    public static CnnArchitecture DenseNet100K12Cifar => DenseNet.Cifar100;

    /// <summary>DenseNet-BC (L=40, k=12) for 32x32 images.</summary>
    public static CnnArchitecture DenseNetBC40K12Cifar => DenseNet.CifarBC40;

    /// <summary>DenseNet-BC (L=100, k=12) for 32x32 images; 769,162 parameters with ten classes.</summary>
    public static CnnArchitecture DenseNetBC100K12Cifar => DenseNet.CifarBC100;

    /// <summary>DenseNet-BC (L=250, k=24) for 32x32 images.</summary>
    public static CnnArchitecture DenseNetBC250K24Cifar => DenseNet.CifarBC250;

    /// <summary>DenseNet-BC (L=190, k=40) for 32x32 images.</summary>
    public static CnnArchitecture DenseNetBC190K40Cifar => DenseNet.CifarBC190;

    /// <summary>Xception; 22,855,952 parameters.</summary>
    public static CnnArchitecture Xception => Architectures.Xception.Instance;

    /// <summary>SqueezeNet (1.0) as published in 2016; 1,248,424 parameters.</summary>
    public static CnnArchitecture SqueezeNet => Architectures.SqueezeNet.V10;

    /// <summary>
    /// SqueezeNet 1.1, its authors' later form with 2.4 times fewer multiply-adds; 1,235,496 parameters.
    /// </summary>
    public static CnnArchitecture SqueezeNet11 => Architectures.SqueezeNet.V11;

    /// <summary>MobileNetV2; 3,504,872 parameters.</summary>
    public static CnnArchitecture MobileNetV2 => Architectures.MobileNetV2.Instance;

    /// <summary>All networks, family by family, oldest family first.</summary>
    public static IReadOnlyList<CnnArchitecture> All { get; } =
    [
        LeNet1, LeNet5, LeNet5Tanh, LeNet5Relu, AlexNet, AlexNetUngrouped, AlexNetTorchvision, ZFNet, ZFNetLarge,
        NetworkInNetwork, NetworkInNetworkImageNet, .. Vgg.All, .. Architectures.GoogLeNet.All, InceptionV2,
        .. Architectures.InceptionV3.All, InceptionV4, InceptionResNetV1, InceptionResNetV2, .. ResNet.All,
            .. CifarResNet.All,
        .. PreActivationResNet.All, .. DenseNet.All, Xception, SqueezeNet, SqueezeNet11, MobileNetV2,
    ];

    private static readonly Lazy<Dictionary<string, CnnArchitecture>> Names = new(() => ArchitectureNames.Index(All));

    /// <summary>
    /// The network of a name, display name or alias: <c>resnet18</c>, <c>ResNet-18</c>, <c>resnet 18</c>.
    /// </summary>
    /// <param name="name">Case and everything but letters and digits make no difference.</param>
    /// <exception cref="ArgumentException">There is none; the message names those that are like it.</exception>
    public static CnnArchitecture Find(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (Names.Value.TryGetValue(ArchitectureNames.Normalize(name), out CnnArchitecture? architecture))
            return architecture;
        IReadOnlyList<string> near = ArchitectureNames.Near(name,
            All.SelectMany(a => (string[])[a.Name, .. a.Aliases]));
        throw new ArgumentException($"There is no architecture '{name}'. " + (near.Count > 0
            ? $"Did you mean {string.Join(", ", near)}?"
            : "CnnArchitectures.All and the command 'cnnzoo list' have the names."), nameof(name));
    }

    /// <summary>Whether <see cref="Find"/> finds a network.</summary>
    internal static bool IsKnown(string name) => Names.Value.ContainsKey(ArchitectureNames.Normalize(name));
}
