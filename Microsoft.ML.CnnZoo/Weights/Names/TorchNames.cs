using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Weights.Names;

/// <summary>What PyTorch's libraries (torchvision, timm) call the variables and layers of a network.</summary>
/// <remarks>
/// This class: the same paths as ours with dots for slashes, which serves networks that no library has.
/// </remarks>
internal class TorchNames : WeightNames
{
    private static readonly TorchNames SameNames = new(), BiasedLayers = new BiasedLayerNames();

    private protected TorchNames() { }

    /// <summary>The names of an architecture.</summary>
    public static TorchNames Of(CnnArchitecture architecture) => architecture switch
    {
        AlexNet or ZFNet or NetworkInNetwork => BiasedLayers,
        AlexNetOneWeirdTrick => new AlexNetNames(),
        Vgg vgg => new VggNames(vgg),
        GoogLeNet network => network.IsBatchNormalized ? new GoogLeNetTorchvisionNames() : new GoogLeNetNames(),
        InceptionV3 => new InceptionV3Names(),
        InceptionV4 => new InceptionV4Names(),
        InceptionResNetV2 => new InceptionResNetV2Names(),
        ResNet network => new ResNetNames(network.Repeats),
        CifarResNet network => new ResNetNames(network.Repeats),
        PreActivationResNet network => new PreActivationResNetNames(network.Repeats, network.IsCifar),
        DenseNet network => new DenseNetNames(network.IsCifar),
        Xception => new XceptionNames(),
        SqueezeNet network => new SqueezeNetNames(network.PooledBefore),
        MobileNetV2 => new MobileNetV2Names(),
        _ => SameNames,
    };

    /// <inheritdoc/>
    public override string Of(VariableDefinition variable) => Variable(variable.Name);

    /// <summary>Name of a variable: <c>conv1/kernel</c> → <c>conv1.weight</c>.</summary>
    public virtual string Variable(string variable)
    {
        int cut = variable.LastIndexOf('/');
        return $"{variable[..(cut + 1)].Replace('/', '.')}{Leaf(variable[(cut + 1)..])}";
    }

    /// <summary>
    /// The node that computes what a module returns, or the scope whose last node does: <c>layer1.0</c> →
    /// <c>conv2_1/relu</c>.
    /// </summary>
    public virtual string Module(string module) => module.Replace('.', '/');

    /// <summary>The last part of a variable's name: <c>kernel</c> → <c>weight</c>.</summary>
    private protected static string Leaf(string leaf) => leaf switch
    {
        "kernel" or "gamma" => "weight",
        "beta" => "bias",
        "moving_mean" => "running_mean",
        "moving_variance" => "running_var",
        _ => leaf,
    };

    /// <summary>Replaces the first matching part at the start of a name.</summary>
    private protected static string Rename(string name, IEnumerable<(string From, string To)> parts, char separator)
    {
        foreach ((string from, string to) in parts)
            if (name == from || (name.StartsWith(from, StringComparison.Ordinal) && name[from.Length] == separator))
                return to + name[from.Length..];
        return name;
    }

    /// <summary>Layers with a bias, whose activation is a module of its own.</summary>
    private sealed class BiasedLayerNames : TorchNames
    {
        public override string Module(string module) =>
            module.StartsWith("conv", StringComparison.Ordinal) || module.StartsWith("cccp", StringComparison.Ordinal)
                || module.StartsWith("fc", StringComparison.Ordinal) ? $"{module}/BiasAdd" : module;
    }
}
