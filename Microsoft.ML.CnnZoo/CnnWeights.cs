using Microsoft.ML.CnnZoo.Weights;

namespace Microsoft.ML.CnnZoo;

/// <summary>Pretrained weights for <see cref="CnnClassificationTrainer.Options.InitialWeights"/>.</summary>
/// <remarks>
/// From a file of safetensors or of PyTorch's <c>torch.save</c>, or from a trained model. Names of torchvision, timm,
/// Hugging Face transformers and keras.applications are known; a common prefix of all names (<c>module.</c>,
/// <c>model.</c>, <c>backbone.</c>, <c>encoder.</c> …) makes no difference.
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
    /// <remarks>
    /// The content tells what the file is, not its name. Nothing in a pickle is run: files that hold more than tensors
    /// are refused.
    /// </remarks>
    /// <param name="path">
    /// A safetensors file; the index of several (<c>model.safetensors.index.json</c>); a state dict of
    /// <c>torch.save</c> (.pth, .pt, pytorch_model.bin), or a checkpoint that has one. Float32, float16, bfloat16 or
    /// float64.
    /// </param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is corrupt, truncated, of another kind, or holds more than tensors.
    /// </exception>
    public static CnnWeights Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new(TensorFiles.Open(path));
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
