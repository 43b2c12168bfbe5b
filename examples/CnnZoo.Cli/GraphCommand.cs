using System.CommandLine;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Analysis;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Training;

namespace CnnZoo.Cli;

/// <summary><c>cnnzoo graph</c>: an architecture as TensorFlow's GraphDef, or as a picture.</summary>
internal static class GraphCommand
{
    private const string GraphDef = ".pb", Dot = ".dot", Svg = ".svg";

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        Argument<string> architecture = ArchitectureArguments.Argument("ARCH");
        Option<string> output = OutputFile.Option(
            "File to write: .pb for TensorFlow's GraphDef, .dot for Graphviz' text, "
            + ".svg for a picture (needs Graphviz)");
        Option<int> classes = ArchitectureArguments.Classes();
        var training = new Option<bool>("--training")
        {
            Description = "The network as it is trained: batch statistics, dropout, auxiliary classifiers; "
                + "in a .pb also loss, gradients and updates (gradient descent with momentum)",
        };
        output.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: { Length: > 0 } path }] && Extension(path) is not (GraphDef or Dot or Svg))
                result.AddError($"--out needs a file name that ends in {GraphDef}, {Dot} or {Svg}, not '{path}'.");
        });
        var command = new Command("graph", "Writes the graph of an architecture, for TensorFlow or for the eye.")
        {
            architecture, output, classes, training,
        };
        command.SetAction(parsed =>
        {
            CnnArchitecture chosen = CnnArchitectures.Find(parsed.GetRequiredValue(architecture));
            string path = parsed.GetRequiredValue(output);
            var file = OutputFile.Open(path);
            GraphMode mode = parsed.GetValue(training) ? GraphMode.Training : GraphMode.Inference;
            byte[] bytes = Render(
                chosen, ArchitectureArguments.ClassesOrPapers(chosen, parsed.GetValue(classes)), mode, Extension(path));
            file.Write(temporary => File.WriteAllBytes(temporary, bytes));
            Console.WriteLine($"Saved {path}, {bytes.Length:N0} bytes");
        });
        return command;
    }

    private static string Extension(string path) => Path.GetExtension(path).ToLowerInvariant();

    private static byte[] Render(CnnArchitecture architecture, int classes, GraphMode mode, string extension)
    {
        if (extension == GraphDef)
            return GraphDefFormat.Write(Build(architecture, classes, mode));
        string dot = NetworkDiagram.ToDot(architecture, classes, mode);
        return extension == Dot ? System.Text.Encoding.UTF8.GetBytes(dot) : Graphviz.Render(dot);
    }

    private static NetworkGraph Build(CnnArchitecture architecture, int classes, GraphMode mode) =>
        mode == GraphMode.Training ? architecture.BuildTrainingGraph(classes) : architecture.BuildGraph(classes);
}
