using Microsoft.ML.CnnZoo.Architectures;

namespace Microsoft.ML.CnnZoo.Weights.Names;

/// <summary>torchvision's VGG: convolution, batch norm, ReLU and pooling are numbered in one sequence.</summary>
internal sealed class VggNames(Vgg vgg) : TorchNames
{
    private readonly (string Sequence, int Index, string Node)[] _modules = [.. Modules(vgg)];

    /// <inheritdoc/>
    public override string Variable(string variable)
    {
        string[] parts = variable.Split('/');
        (string sequence, int index, _) = _modules.First(m =>
            m.Node.StartsWith($"{parts[0]}/", StringComparison.Ordinal));
        return $"{sequence}.{(parts[1] == "bn" ? index + 1 : index)}.{Leaf(parts[^1])}";
    }

    /// <inheritdoc/>
    public override string Module(string module)
    {
        string[] parts = module.Split('.');
        return parts.Length == 1
            ? parts[0] switch { "features" or "avgpool" => "pool5", "classifier" => "fc8", _ => module }
            : _modules.First(m => m.Index == int.Parse(parts[1]) && m.Sequence == parts[0]).Node;
    }

    private static IEnumerable<(string Sequence, int Index, string Node)> Modules(Vgg vgg)
    {
        int index = 0;
        for (int stage = 1; stage <= vgg.Convolutions.Count; stage++)
        {
            for (int i = 1; i <= vgg.Convolutions[stage - 1]; i++)
            {
                yield return ("features", index++, $"conv{stage}_{i}/BiasAdd");
                if (vgg.HasBatchNorm)
                    yield return ("features", index++, $"conv{stage}_{i}/bn/FusedBatchNormV3");
                yield return ("features", index++, $"conv{stage}_{i}/relu");
                if (vgg.HasLrn && stage == 1)
                    yield return ("features", index++, "norm1");
            }
            yield return ("features", index++, $"pool{stage}");
        }
        foreach ((int at, string node) in
            ((int, string)[])[(0, "fc6/BiasAdd"), (1, "fc6/relu"), (3, "fc7/BiasAdd"), (4, "fc7/relu"),
                (6, "fc8/BiasAdd")])
            yield return ("classifier", at, node);
    }
}
