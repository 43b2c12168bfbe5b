using Microsoft.ML.CnnZoo;
using Microsoft.ML;
using Microsoft.ML.CnnZoo.Formats;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Formats.Onnx;
using Microsoft.ML.CnnZoo.Formats.TensorFlow;
using Microsoft.ML.CnnZoo.Formats.TensorFlow.Writing;
using Microsoft.ML.CnnZoo.Kernels;

namespace CnnZoo.Cli;

/// <summary>Networks in files of other frameworks, and in ours: told apart by name and content.</summary>
internal static class NetworkFile
{
    /// <summary>What may be given.</summary>
    public const string Description = $"A network: {Foreign}, or a .zip that 'cnnzoo train' wrote";

    /// <summary>Networks of other frameworks.</summary>
    public const string Foreign = ".onnx, .pb, SavedModel folder, .keras, .h5";

    /// <summary>
    /// Whether a file or folder is one of another framework. A folder that is called like an architecture, as people call
    /// those of their trainings, is none unless it holds a SavedModel.
    /// </summary>
    public static bool IsForeign(string path) => Directory.Exists(path)
        ? !CnnArchitectures.IsKnown(path) || File.Exists(Path.Combine(path, SavedModelFolder.ModelFile))
        : Path.GetExtension(path).ToLowerInvariant() is ".onnx" or ".pb" or ".pbtxt" or ".keras" or ".h5" or ".hdf5";

    /// <summary>Reads a network for raw numbers.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="input">Shape of the numbers, for files that leave the size of images open.</param>
    /// <param name="signature">A SavedModel's signature; null: its default.</param>
    /// <exception cref="InvalidDataException">The file is refused.</exception>
    public static FrozenNetwork Read(string path, int[]? input, string? signature)
    {
        CheckExists(path);
        return IsForeign(path) ? Sized(image => ReadForeign(path, image, signature), input) : ReadModel(path);
    }

    /// <summary>A trained model: it takes normalized images [N,H,W,C].</summary>
    private static FrozenNetwork ReadModel(string path)
    {
        ITransformer loaded = ModelFile.Load(new MLContext(), path, out _);
        using CnnClassificationTransformer transformer = CnnClassificationTransformer.From(loaded);
        CnnClassificationModel model = transformer.Model;
        return Frozen(path, FrozenGraph.Of(model.Architecture, model.Image, model.Classes, model.Weights, KernelSet.Shared,
            normalization: null, foldsBatchNorms: false), [.. transformer.ClassNames]);
    }

    private static FrozenNetwork Frozen(string origin, FrozenGraph graph, string[]? labels) => new()
    {
        Origin = origin,
        Graph = graph.Graph,
        Input = new(graph.Image.Node.Name, graph.Image, [0, 1, 2, 3]),
        Output = new(graph.Scores.Node.Name, graph.Scores, [0, 1]),
        Tensors = graph.Graph.Nodes.Where(n => n.Outputs.Count > 0)
            .ToDictionary(n => n.Name, n => new FileTensor(n.Name, n.Output(), [.. Enumerable.Range(0, n.Outputs[0].Shape.Rank)])),
        Labels = labels,
    };

    /// <summary>An architecture by its name, or out of a file.</summary>
    public static CnnArchitecture FindOrImport(string nameOrPath, CnnImportOptions options) =>
        IsForeign(nameOrPath) ? Import(nameOrPath, options) : CnnArchitectures.Find(nameOrPath);

    /// <summary>An architecture out of a file of another framework; says what it could not know.</summary>
    /// <exception cref="InvalidDataException">The file is refused.</exception>
    public static CnnArchitecture Import(string path, CnnImportOptions options)
    {
        CheckExists(path);
        ImportedArchitecture architecture = Importer.Import(ReadForeign(path, options.Image, options.Signature), options);
        if (architecture.IsPreprocessingGuessed)
            Console.Error.WriteLine($"cnnzoo: {architecture.PreprocessingReason}.");
        return architecture;
    }

    private static FrozenNetwork ReadForeign(string path, ImageShape? image, string? signature) =>
        Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".onnx" => OnnxReader.Read(path, image),
            var kind when kind == ".pb" || Directory.Exists(path) =>
                TensorFlowReader.Read(path, signature, image),
            ".keras" or ".h5" or ".hdf5" => KerasReader.Read(path, image),
            _ => throw new InvalidDataException($"'{path}' is of no kind that is known; expected {Description}."),
        };

    /// <summary>Refuses what does not exist.</summary>
    public static void CheckExists(string path)
    {
        if (!File.Exists(path) && !Directory.Exists(path))
            throw new CommandException($"The model '{path}' does not exist.");
    }

    /// <summary>
    /// Reads with the file's own size of images; where it leaves that open, with the input's, channels last or first.
    /// </summary>
    private static FrozenNetwork Sized(Func<ImageShape?, FrozenNetwork> read, int[]? input)
    {
        if (input is not [_, var a, var b, var c])
            return read(null);
        ImageShape first = new(b, c, a), last = new(a, b, c);
        bool likelyFirst = a <= 4 && c > 4;
        try
        {
            return read(likelyFirst ? first : last);
        }
        catch (InvalidDataException likely)
        {
            try
            {
                return read(likelyFirst ? last : first);
            }
            catch (InvalidDataException)
            {
                throw likely;
            }
        }
    }
}
