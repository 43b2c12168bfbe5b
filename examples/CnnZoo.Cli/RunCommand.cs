using System.CommandLine;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Formats;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Weights;

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
        Option<string> architecture = ArchitectureArguments.Option("--arch");
        architecture.Required = false;
        Option<string?> weights = WeightsFile.Option("Weights for --arch, instead of --model");
        CommandOptions.RefuseEmpty(model, "the name of a file or folder");
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
            bool isFile = result.GetResult(model) is not null, isNamed = result.GetResult(architecture) is not null;
            if (isFile == isNamed || isNamed != (result.GetResult(weights) is not null))
                result.AddError("run needs either --model, or --arch with --weights.");
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
                    : ReadWeights(CnnArchitectures.Find(parsed.GetRequiredValue(architecture)),
                        parsed.GetRequiredValue(weights)!, images.Shape);
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

    private static FrozenNetwork ReadWeights(CnnArchitecture architecture, string path, int[] shape)
    {
        using ITensorSource source = WeightsFile.Open(path);
        return WeightsFile.Freeze(architecture, source, shape);
    }
}
