using System.CommandLine;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Formats;
using Microsoft.ML.CnnZoo.Formats.Import;

namespace CnnZoo.Cli;

/// <summary>
/// <c>cnnzoo run</c>: raw numbers through a network of any format, to compare it with the framework that it comes from.
/// </summary>
internal static class RunCommand
{
    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        var model = new Option<string?>("--model") { Description = NetworkFile.Description };
        CommandOptions.RefuseEmpty(model, "the name of a file or folder");
        var architecture = new Option<string?>("--arch")
        {
            Description = "Architecture for a file of weights; 'cnnzoo list' names them",
        };
        var weights = new Option<string?>("--weights") { Description = "File of weights, with --arch" };
        var input = new Option<string>("--input")
        {
            Description = "NumPy file of float32 in the file's own order, such as [N,C,H,W]", Required = true,
        };
        Option<string> output = new("--output") { Description = "NumPy file to write", Required = true };
        var node = new Option<string?>("--node") { Description = "Name of a tensor in the file; its first output without" };
        var signature = new Option<string?>("--signature") { Description = "Signature of a SavedModel" };
        var command = new Command("run",
            "Runs a network on raw numbers, without preprocessing, in the order of its file. Exit code 2: the file is "
            + "refused.")
        {
            model, architecture, weights, input, output, node, signature,
        };
        command.Validators.Add(result =>
        {
            bool file = result.GetValue(model) is not null,
                pair = result.GetValue(architecture) is not null && result.GetValue(weights) is not null;
            if (file == pair)
                result.AddError("run needs --model FILE, or --arch NAME with --weights FILE.");
        });
        command.SetAction(parsed =>
        {
            OutputFile target = OutputFile.Open(parsed.GetRequiredValue(output));
            KnownArray images = NpyFile.Read(parsed.GetRequiredValue(input));
            KnownArray result;
            try
            {
                FrozenNetwork network = parsed.GetValue(model) is { } path
                    ? NetworkFile.Read(path, images.Shape, parsed.GetValue(signature))
                    : NetworkFile.ReadWeights(parsed.GetValue(architecture)!, parsed.GetValue(weights)!, images.Shape);
                result = FrozenNetworkRun.Run(network, images, parsed.GetValue(node));
            }
            catch (InvalidDataException e)
            {
                throw new CommandException(e.Message, ExitCode.WrongUsage);
            }
            target.Write(temporary => NpyFile.Write(temporary, result));
            Console.WriteLine($"{parsed.GetRequiredValue(output)}: {KnownArray.Text(result.Shape)}");
        });
        return command;
    }
}
