using System.CommandLine;
using Microsoft.ML;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary><c>cnnzoo export</c>: a trained network for other frameworks.</summary>
internal static class ExportCommand
{
    private enum Format
    {
        Onnx,
        TensorFlow,
        SavedModel,
    }

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        Option<string> model = ModelFile.Option();
        var import = new ImportArguments();
        Option<Format> format = CommandOptions.Choice<Format>("--format",
            "What to write: onnx, tensorflow (a frozen GraphDef, .pb), or savedmodel (a folder)");
        Option<string> output = OutputFile.Option("File to write; for a SavedModel the folder");
        var normalized = new Option<bool>("--normalized-input")
        {
            Description = "Leave normalization to whoever runs the network, instead of taking pixels from 0 to 255",
        };
        var keeps = new Option<bool>("--keep-batch-norms")
        {
            Description = "Leave batch norms as they are, for fine-tuning, instead of folding them into convolutions",
        };
        Option<OnnxInputLayout> layout = CommandOptions.Choice<OnnxInputLayout>("--layout",
            "Order of the input's dimensions in ONNX; TensorFlow's is nhwc");
        var command = new Command("export", "Writes a trained network for another framework.")
        {
            model, format, output, normalized, keeps, layout,
        };
        import.AddTo(command);
        command.SetAction(parsed =>
        {
            Format chosen = parsed.GetValue(format);
            if (chosen != Format.Onnx && parsed.GetResult(layout) is { Implicit: false })
                throw new CommandException("--layout is for --format onnx only.", ExitCode.WrongUsage);
            string path = parsed.GetRequiredValue(output);
            OutputFile? file = chosen == Format.SavedModel ? null : OutputFile.Open(path);
            bool normalizes = !parsed.GetValue(normalized), folds = !parsed.GetValue(keeps);
            var tensorFlow = new TensorFlowExportOptions { NormalizesPixels = normalizes, FoldsBatchNorms = folds };
            var onnx = new OnnxExportOptions
            {
                NormalizesPixels = normalizes, FoldsBatchNorms = folds, InputLayout = parsed.GetValue(layout),
            };
            using CnnClassificationTransformer network = Load(parsed.GetRequiredValue(model), import.Read(parsed));
            if (chosen == Format.SavedModel)
                network.SaveSavedModel(path, tensorFlow);
            else if (chosen == Format.TensorFlow)
                file!.Write(temporary => network.SaveTensorFlow(temporary, tensorFlow));
            else
                file!.Write(temporary => network.SaveOnnx(temporary, onnx));
            Console.WriteLine($"Saved {path}");
        });
        return command;
    }

    private static CnnClassificationTransformer Load(string path, CnnImportOptions import)
    {
        var mlContext = new MLContext();
        return NetworkFile.IsForeign(path) ? ImageScorer.Load(mlContext, path, import).Network
            : CnnClassificationTransformer.From(ModelFile.Load(mlContext, path, out _));
    }
}
