using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.CnnZoo.Training.Checkpoints;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>What a call of Fit trains on and with: for checkpoints, which belong to it, and for people.</summary>
/// <param name="Options">The trainer's options.</param>
/// <param name="Network">The network.</param>
/// <param name="Image">Size of its images.</param>
/// <param name="Classes">Names of the classes.</param>
/// <param name="Sets">The images.</param>
/// <param name="Augmentation">How training images are changed.</param>
/// <param name="Kernels">What computes.</param>
/// <param name="Schema">Columns of the training rows.</param>
internal sealed record TrainingDescription(CnnClassificationTrainer.Options Options, CnnArchitecture Network,
    ImageShape Image, IReadOnlyList<string> Classes, TrainingSets Sets, ImageAugmentation Augmentation, string Kernels,
    DataViewSchema Schema)
{
    /// <summary>The plan for checkpoints in a folder; null for none.</summary>
    public CheckpointPlan? CheckpointsIn(string? folder) => folder is null ? null
        : new CheckpointPlan(Path.GetFullPath(folder))
        {
            Interval = Options.CheckpointInterval,
            Resume = Options.Resume,
            Machine = Kernels,
            Inputs = new Dictionary<string, string>
            {
                ["classes"] = string.Join(", ", Classes),
                ["labels of the images"] = TrainingIdentity.Hash(Sets.Labels),
                ["labels of the training images"] = TrainingIdentity.Hash(Sets.TrainingLabels),
                ["labels of the validation images"] = TrainingIdentity.Hash(Sets.ValidationLabels),
                ["normalization of the images"] = OptionsJson.Text(Sets.Normalization),
                ["pixels of the images"] = string.Join(", ", Enumerable.Range(0, Sets.Pixels.Channels)
                    .Select(c => FormattableString.Invariant($"{Sets.Pixels.Mean(c):r} ± {Sets.Pixels.StandardDeviation(c):r}"))),
                ["Augmentation"] = OptionsJson.Text(Augmentation),
                ["ImageFit"] = Options.ImageFit.ToString(),
            },
        };

    /// <summary>Everything that is in effect.</summary>
    /// <param name="training">The options of the training loop, with what was chosen for those that were left open.</param>
    public JsonObject ToJson(TrainingOptions training) => new()
    {
        ["started"] = DateTimeOffset.Now.ToString("O"),
        ["library"] = typeof(TrainingDescription).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?
            .InformationalVersion,
        ["mlnet"] = typeof(MLContext).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?
            .InformationalVersion,
        ["runtime"] = RuntimeInformation.FrameworkDescription,
        ["system"] = RuntimeInformation.OSDescription,
        ["processor"] = Processor(),
        ["kernels"] = Kernels,
        ["seed"] = training.Seed,
        ["network"] = Network.Name,
        ["image"] = Image.ToString(),
        ["augmentation"] = JsonNode.Parse(OptionsJson.Text(Augmentation)),
        ["normalization"] = JsonNode.Parse(OptionsJson.Text(Sets.Normalization)),
        ["trainingImages"] = Sets.TrainingLabels.Count,
        ["validationImages"] = Sets.ValidationLabels.Count,
        ["classes"] = new JsonArray([.. Classes.Select(c => JsonValue.Create(c))]),
        ["training"] = OptionsJson.Of(training),
        ["options"] = OptionsJson.Of(Options),
    };

    private static string Processor()
    {
        const string Linux = "/proc/cpuinfo", Key = "model name";
        string? line = File.Exists(Linux)
            ? File.ReadLines(Linux).FirstOrDefault(l => l.StartsWith(Key, StringComparison.Ordinal)) : null;
        return line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()
            ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
