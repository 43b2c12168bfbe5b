using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Weights;

/// <summary>A network with all its weights from a file: ready to score, without training.</summary>
internal sealed class LoadedNetwork : IDisposable
{
    private const int LargestImage = 2048;

    private LoadedNetwork(WeightsForm form, ImageShape image, int classes, bool channelsFirst) =>
        (Form, Image, Classes, ChannelsFirst) = (form, image, classes, channelsFirst);

    /// <summary>The variant that the weights belong to, with remarks, labels and preprocessing.</summary>
    public WeightsForm Form { get; }

    /// <summary>The network.</summary>
    public CnnArchitecture Architecture => Form.Architecture;

    /// <summary>Size of the images.</summary>
    public ImageShape Image { get; }

    /// <summary>Number of classes: as the weights have.</summary>
    public int Classes { get; }

    /// <summary>Whether the file's origin has images as [N,C,H,W] (PyTorch) rather than [N,H,W,C] (Keras).</summary>
    public bool ChannelsFirst { get; }

    /// <summary>The weights.</summary>
    public VariableStore Variables { get; } = new();

    /// <summary>Whether the layers that give the classes are missing.</summary>
    public bool IsHeadless { get; private set; }

    /// <summary>What pixels become: as the file or its origin has it, or as the libraries train the network.</summary>
    public ImagePreprocessing? Preprocessing => Form.Preprocessing
        ?? (Form.Facts.IsOurs || Image.Channels != 3 ? null : new(LibraryWeights.PixelsOf(Architecture)));

    /// <summary>What fitted, for people.</summary>
    public string Report { get; private set; } = "";

    /// <summary>Loads a network.</summary>
    /// <param name="architecture">The network; the variant that the weights belong to is chosen.</param>
    /// <param name="source">The weights.</param>
    /// <param name="image">
    /// Size of the images to come. Null: the paper's, unless a dense layer behind a flattened image needs a smaller or
    /// larger one, which is then the smallest square that fits.
    /// </param>
    /// <param name="allowHeadless">
    /// Whether weights without a layer that gives classes are accepted; its variables are missing then.
    /// </param>
    /// <param name="copies">Whether the values are read; else it is only checked that they fit.</param>
    /// <exception cref="InvalidDataException">The weights do not fit, or have no layer that gives classes.</exception>
    public static LoadedNetwork FromWeights(CnnArchitecture architecture, ITensorSource source,
        ImageShape? image = null, bool allowHeadless = false, bool copies = true)
    {
        var form = WeightsForm.Resolve(architecture, source);
        ImageShape size = image ?? SizeFor(form, source, ChannelsOf(form, source));
        int? head = ClassesOf(form, source, size);
        int classes = head ?? 2;
        var network = new LoadedNetwork(form, size, classes, !form.IsOfTensorFlow);
        try
        {
            var loader = new WeightsLoader(source, form, size, classes);
            WeightsMatch match = copies ? loader.CopyTo(network.Variables) : loader.Check();
            if (match.Fresh.Count > 0 && !(allowHeadless && head is null))
                throw new InvalidDataException($"'{source.Origin}' has no layer that gives the classes of "
                    + $"{architecture.DisplayName}: it lacks {string.Join(", ", match.Fresh)}. Its weights can start a "
                    + "training, but not score.");
            network.IsHeadless = head is null;
            network.Report = match.Report();
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Number of classes that the head's tensors have; null where there are none.</summary>
    public static int? ClassesOf(WeightsForm form, ITensorSource source, ImageShape image)
    {
        WeightsLoader two = new(source, form, image, 2), three = new(source, form, image, 3);
        foreach ((VariableDefinition of2, VariableDefinition of3) in two.Head.Zip(three.Head))
        {
            ((TensorEntry? entry, int[] shape2), int[] shape3) = (two.Find(of2), three.Find(of3).Expected);
            int axis = Array.FindIndex(shape2, d => d == 2 && shape3[Array.IndexOf(shape2, d)] == 3);
            if (entry is not null && axis >= 0 && axis < entry.Shape.Count && entry.Shape[axis] is >= 2 and <= 1 << 24)
                return (int)entry.Shape[axis];
        }
        return null;
    }

    /// <summary>Writes the weights with PyTorch's names and what is known of them.</summary>
    public void Save(string path, WeightsPrecision precision)
    {
        ImagePreprocessing? pixels = Preprocessing;
        var metadata = new WeightsMetadata(Architecture.Name, pixels?.Normalization, FromFloats: false)
        {
            Order = pixels?.Order ?? ChannelOrder.Rgb,
            Epsilon = Architecture.BatchNormEpsilonOverride,
            TensorFlowPadding = Architecture.TensorFlowPadding,
            Labels = Form.Facts.Labels,
        };
        SafetensorsWriter.Write(path, new NetworkTensors(Architecture, Architecture.BuildGraph(Classes, Image))
            .Read(Variables), precision, metadata.Write());
    }

    /// <inheritdoc/>
    public void Dispose() => Variables.Dispose();

    /// <summary>Color channels that the first filter reads.</summary>
    private static int ChannelsOf(WeightsForm form, ITensorSource source)
    {
        ImageShape paper = form.Architecture.DefaultInput;
        var loader = new WeightsLoader(source, form, paper, 2);
        VariableDefinition first = form.Architecture.BuildGraph(2, paper).Variables[0];
        return loader.Find(first).Entry is { Shape: { Count: 4 } shape }
            && (int)shape[form.IsOfTensorFlow ? 2 : 1] is (1 or 3) and int channels ? channels : paper.Channels;
    }

    private static ImageShape SizeFor(WeightsForm form, ITensorSource source, int channels)
    {
        ImageShape size = form.Architecture.DefaultInput with { Channels = channels };
        long? wanted = Rows(form, source, size).Wanted;
        if (wanted is null || wanted == Rows(form, source, size).Expected)
            return size;
        int low = form.Architecture.MinimumSize, high = LargestImage;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (Rows(form, source, new(middle, middle, channels)).Expected < wanted)
                low = middle + 1;
            else
                high = middle;
        }
        return new(low, low, channels);
    }

    /// <summary>Rows of the dense layer that reads a flattened image: as the file has them, as a size needs.</summary>
    private static (long? Wanted, long Expected) Rows(WeightsForm form, ITensorSource source, ImageShape size)
    {
        VariableDefinition? dense = form.Architecture.BuildGraph(2, size).Variables
            .FirstOrDefault(v => v.FlattenShape is not null);
        if (dense is null)
            return (null, 0);
        TensorEntry? entry = new WeightsLoader(source, form, size, 2).Find(dense).Entry;
        return (entry is { Shape.Count: 2 } ? entry.Shape[form.IsOfTensorFlow ? 0 : 1] : null,
            dense.Spec.Shape[0]);
    }
}
