using System.CommandLine;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Weights;

namespace CnnZoo.Cli;

/// <summary><c>cnnzoo weights</c>: what files of weights hold, and one kind made of another.</summary>
internal static class WeightsCommand
{
    private const int ShownLabels = 5;

    private sealed record Contents(string File, IReadOnlyDictionary<string, string> Metadata,
        IReadOnlyList<string>? Labels, string? Preprocessing, IReadOnlyList<Tensor> Tensors, IReadOnlyList<Fit> Fits);

    private sealed record Tensor(string Name, string Type, IReadOnlyList<long> Shape);

    private sealed record Fit(string Architecture, int? Classes, IReadOnlyList<string> Remarks);

    /// <summary>The verb with its own verbs.</summary>
    public static Command Create() =>
        new("weights", "Shows and converts files of weights. Exit code 2: a file is refused.")
        {
            CreateList(), CreateConvert(),
        };

    private static Command CreateList()
    {
        Argument<string> file = FileArgument();
        var json = new Option<bool>("--json")
        {
            Description = "Write one JSON object: file, metadata, labels, preprocessing, tensors, fits",
        };
        var command = new Command("list", "Shows a file's tensors, what it says of them, and which networks they fit.")
        {
            file, json,
        };
        command.SetAction(parsed =>
        {
            using ITensorSource source = WeightsFile.Open(parsed.GetRequiredValue(file));
            Contents contents = WeightsFile.Refusing(() => Describe(source));
            if (parsed.GetValue(json))
                JsonOutput.Write(contents);
            else
                Print(contents);
        });
        return command;
    }

    private static Command CreateConvert()
    {
        Argument<string> file = FileArgument();
        var architecture = ArchitectureArguments.Option("--arch");
        architecture.Required = false;
        architecture.Description = "Architecture that they belong to: names, layout and variant become those that "
            + "PyTorch's libraries have. Without, names and types stay as they are";
        Option<string> output = OutputFile.Option("Safetensors file to write");
        Option<WeightsPrecision> precision =
            CommandOptions.Choice<WeightsPrecision>("--precision", "Element type, where --arch is given");
        var command = new Command("convert", "Writes the weights of any file as safetensors.")
        {
            file, architecture, output, precision,
        };
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(output);
            OutputFile target = OutputFile.Open(path);
            using ITensorSource source = WeightsFile.Open(parsed.GetRequiredValue(file));
            if (parsed.GetValue(architecture) is not { } name)
            {
                target.Write(temporary => WeightsFile.Refusing(() =>
                {
                    SafetensorsWriter.Copy(temporary, source);
                    return true;
                }));
                Console.WriteLine($"Saved {path}: {source.Tensors.Count():N0} tensors");
                return;
            }
            using LoadedNetwork network = WeightsFile.Refusing(() =>
                LoadedNetwork.FromWeights(CnnArchitectures.Find(name), source, allowHeadless: true));
            WeightsFile.Report(network);
            target.Write(temporary => network.Save(temporary, parsed.GetValue(precision)));
            Console.WriteLine($"Saved {path}: {network.Architecture.Name}, "
                + (network.IsHeadless ? "without a layer that gives classes" : $"{network.Classes:N0} classes"));
        });
        return command;
    }

    private static Argument<string> FileArgument() => new("FILE") { Description = WeightsFile.Description };

    private static Contents Describe(ITensorSource source)
    {
        WeightsFacts facts = WeightsFacts.Read(source);
        return new Contents(source.Origin, source.Metadata, facts.Labels, facts.Preprocessing is { } p
            ? $"pixels · ({string.Join(", ", p.Normalization.Scale)}) + ({string.Join(", ", p.Normalization.Offset)}), "
                + $"{(p.Order == ChannelOrder.Bgr ? "blue, green, red" : "red, green, blue")} ({facts.Origin})" : null,
            [.. source.Tensors.Select(t => new Tensor(t.Name, t.DataType, t.Shape))],
            [.. CnnArchitectures.All.Select(a => Fits(a, source)).OfType<Fit>()]);
    }

    private static Fit? Fits(CnnArchitecture architecture, ITensorSource source)
    {
        try
        {
            if (!MayFit(WeightsForm.Resolve(architecture, source), source))
                return null;
            using var network = LoadedNetwork.FromWeights(architecture, source, allowHeadless: true, copies: false);
            return network.Architecture.Name != architecture.Name ? null
                : new(architecture.Name, network.IsHeadless ? null : network.Classes, network.Form.Remarks);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>Whether most of a network's names are there: a look that takes no time.</summary>
    private static bool MayFit(WeightsForm form, ITensorSource source)
    {
        var ends = new HashSet<string>(StringComparer.Ordinal);
        foreach (string name in source.Tensors.Select(t => t.Name))
            for (int start = 0; start >= 0; start = name.IndexOf('.', start) + 1 is > 0 and int next ? next : -1)
                ends.Add(name[start..]);
        string[] names = [.. form.Architecture.BuildGraph(2).Variables.Select(form.Names.Of)];
        return 2 * names.Count(ends.Contains) >= names.Length;
    }

    private static void Print(Contents contents)
    {
        long elements = contents.Tensors.Sum(t => t.Shape.Aggregate(1L, (a, b) => a * b));
        Console.WriteLine($"{contents.File}: {contents.Tensors.Count:N0} tensors, {elements:N0} elements");
        foreach ((string key, string value) in contents.Metadata)
            Console.WriteLine($"Metadata {key}: {(value.Length > 200 ? $"{value[..200]}…" : value)}");
        if (contents.Labels is { } labels)
            Console.WriteLine($"{labels.Count:N0} labels: {string.Join(", ", labels.Take(ShownLabels))}"
                + (labels.Count > ShownLabels ? ", …" : ""));
        if (contents.Preprocessing is { } preprocessing)
            Console.WriteLine($"Preprocessing: {preprocessing}");
        var table = new TextTable(["tensor", "type", "shape"], Words: 3);
        foreach (Tensor tensor in contents.Tensors)
            table.Add(tensor.Name, tensor.Type, $"[{string.Join(',', tensor.Shape)}]");
        table.Write(markdown: false);
        foreach (Fit fit in contents.Fits)
            Console.WriteLine($"Fits {fit.Architecture}, "
                + (fit.Classes is int classes ? $"{classes:N0} classes" : "no head")
                + (fit.Remarks.Count > 0 ? $" ({string.Join("; ", fit.Remarks)})" : ""));
        if (contents.Fits.Count == 0)
            Console.WriteLine("Fits none of the architectures; 'cnnzoo weights convert --arch NAME' says why.");
    }
}
