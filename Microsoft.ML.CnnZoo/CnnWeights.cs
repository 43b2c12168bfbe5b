using Microsoft.ML.CnnZoo.Weights;

namespace Microsoft.ML.CnnZoo;

/// <summary>Pretrained weights for <see cref="CnnClassificationTrainer.Options.InitialWeights"/>.</summary>
/// <remarks>
/// From a safetensors file with the tensor names of torchvision or timm, or from a trained model. A common prefix of
/// all names (<c>module.</c>, <c>model.</c>, <c>backbone.</c>, <c>encoder.</c> …) makes no difference.
/// </remarks>
/// <example><code>
/// using CnnWeights weights = CnnWeights.Load("resnet18.safetensors");
/// var trainer = mlContext.MulticlassClassification.Trainers.CnnClassification(
///     new CnnClassificationTrainer.Options { Architecture = CnnArchitectures.ResNet18, InitialWeights = weights });
/// </code></example>
public sealed class CnnWeights : IDisposable
{
    internal CnnWeights(ITensorSource tensors)
    {
        Tensors = tensors;
        Metadata = WeightsMetadata.Read(tensors);
    }

    /// <summary>Where the weights come from: the file's path, or the model's network.</summary>
    public string Source => Tensors.Origin;

    /// <summary>Names of the tensors.</summary>
    public IEnumerable<string> Names => Tensors.Tensors.Select(t => t.Name);

    internal ITensorSource Tensors { get; }

    internal WeightsMetadata? Metadata { get; }

    /// <summary>Opens a file; tensors are read when a network is trained.</summary>
    /// <param name="path">A safetensors file; float32, float16, bfloat16 or float64 tensors.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is corrupt, truncated or not safetensors.</exception>
    public static CnnWeights Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new(SafetensorsFile.Open(path));
    }

    /// <summary>Copies the weights of a trained model, with its pixel normalization.</summary>
    /// <param name="model">The model; it may be disposed afterwards.</param>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public static CnnWeights From(CnnClassificationModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new(new MemoryTensors($"a trained {model.Architecture.DisplayName}", model.ReadTensors(),
            model.WeightsMetadata.Write()));
    }

    /// <summary>Copies the weights of a trained transformer, with its pixel normalization.</summary>
    /// <param name="transformer">The transformer; it may be disposed afterwards.</param>
    /// <exception cref="ObjectDisposedException">The transformer was disposed.</exception>
    public static CnnWeights From(CnnClassificationTransformer transformer)
    {
        ArgumentNullException.ThrowIfNull(transformer);
        return From(transformer.Model);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => Tensors.Dispose();
}
