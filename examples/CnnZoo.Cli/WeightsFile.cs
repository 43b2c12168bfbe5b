using System.CommandLine;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Formats;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Weights;

namespace CnnZoo.Cli;

/// <summary>Files of weights without their network, of all the kinds that are read.</summary>
internal static class WeightsFile
{
    /// <summary>What may be given.</summary>
    public const string Description =
        "Weights: safetensors or their index of shards, PyTorch's .pth, .pt or .bin, Keras' .h5 or .keras";

    /// <summary>The switch <c>--weights</c>.</summary>
    public static Option<string?> Option(string purpose)
    {
        var option = new Option<string?>("--weights") { Description = $"{purpose}. {Description}", HelpName = "FILE" };
        CommandOptions.RefuseEmpty(option, "the name of a file");
        return option;
    }

    /// <summary>Opens a file.</summary>
    /// <exception cref="CommandException">It does not exist, is damaged, or of no kind that is known.</exception>
    public static ITensorSource Open(string path)
    {
        if (!File.Exists(path) && !Directory.Exists(path))
            throw new CommandException($"The file '{path}' of weights does not exist.");
        return Refusing<ITensorSource>(() =>
            (File.Exists(path) ? KerasWeightsFile.TryOpen(path) : null) ?? TensorFiles.Open(path));
    }

    /// <summary>Runs something that may refuse a file: exit code 2.</summary>
    public static T Refusing<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (InvalidDataException e)
        {
            throw new CommandException(e.Message, ExitCode.WrongUsage);
        }
    }

    /// <summary>A network with a file's weights, for raw numbers in the order of the framework that wrote it.</summary>
    /// <param name="architecture">The network.</param>
    /// <param name="source">Its weights.</param>
    /// <param name="input">Shape of the numbers: it gives the size of the images.</param>
    /// <exception cref="InvalidDataException">The weights do not fit.</exception>
    public static FrozenNetwork Freeze(CnnArchitecture architecture, ITensorSource source, int[] input)
    {
        if (input is not [_, var a, var b, var c])
            throw new InvalidDataException(
                $"A network takes images of four dimensions, received {KnownArray.Text(input)}.");
        // PyTorch's images are [N,C,H,W]; few channels at the end say that these are not.
        bool first = !WeightsForm.Resolve(architecture, source).IsOfTensorFlow && (a <= 4 || c > 4);
        using var network = LoadedNetwork.FromWeights(architecture, source, first ? new(b, c, a) : new(a, b, c));
        Report(network);
        FrozenGraph graph = FrozenGraph.Of(network.Architecture, network.Image, network.Classes, network.Variables,
            KernelSet.Shared, normalization: null, foldsBatchNorms: false);
        return new()
        {
            Origin = source.Origin,
            Graph = graph.Graph,
            Input = new(graph.Image.Node.Name, graph.Image, first ? [0, 3, 1, 2] : [0, 1, 2, 3]),
            Output = new(graph.Logits.Node.Name, graph.Logits, [0, 1]),
            Tensors = graph.Graph.Nodes.Where(n => n.Outputs.Count > 0).ToDictionary(n => n.Name, n =>
                new FileTensor(n.Name, n.Output(), Axes(n.Outputs[0].Shape.Rank, first))),
            Labels = network.Form.Facts.Labels,
        };
    }

    /// <summary>Says what fitted, and which variant of the network the weights belong to.</summary>
    public static void Report(LoadedNetwork network)
    {
        Console.WriteLine($"{network.Architecture.DisplayName}: {network.Report}");
        if (network.Form.Remarks.Count > 0)
            Console.WriteLine($"Of the weights: {string.Join("; ", network.Form.Remarks)}.");
    }

    private static int[] Axes(int rank, bool first) =>
        first && rank == 4 ? [0, 3, 1, 2] : [.. Enumerable.Range(0, rank)];
}
