using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CnnZoo.Cli.Reports;

/// <summary>What the folder of a training tells of it.</summary>
internal static class RunFiles
{
    private const string Options = "options.json", Results = "results.csv";

    private static readonly (string Key, string Name)[] Named =
    [
        ("started", "Training began"), ("seed", "Seed"), ("trainingImages", "Images trained on"),
        ("validationImages", "Images validated with"), ("processor", "Processor"), ("kernels", "Computed by"),
        ("system", "System"), ("runtime", "Runtime"), ("mlnet", "ML.NET"), ("library", "Microsoft.ML.CnnZoo"),
    ];

    private static readonly string[] Settings =
        ["Epochs", "BatchSize", "LearningRate", "WeightDecay", "GradientClipNorm", "FineTuning", "FreezeUntil", "Precision"];

    /// <summary>The folder of a training: the one that is named, else that of the model where it is one.</summary>
    /// <exception cref="CommandException">A named one holds no training.</exception>
    public static string? Find(string? named, string model)
    {
        string folder = named ?? Path.GetDirectoryName(Path.GetFullPath(model))!;
        bool isRun = File.Exists(Path.Combine(folder, Results));
        return isRun ? folder : named is null ? null
            : throw new CommandException($"--run: the folder '{named}' holds no training: there is no {Results}.");
    }

    /// <summary>The epochs.</summary>
    public static IReadOnlyList<ReportEpoch> Epochs(string folder)
    {
        string[][] rows = [.. File.ReadLines(Path.Combine(folder, Results)).Select(line => line.Split(','))];
        Dictionary<string, int> columns = rows[0].Select((name, i) => (name, i)).ToDictionary(c => c.name, c => c.i);
        double? Number(string[] row, string column) => columns.TryGetValue(column, out int at) && at < row.Length
            && double.TryParse(row[at], NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : null;
        return [.. rows.Skip(1).Select(row => new ReportEpoch((int)(Number(row, "epoch") ?? 0), Number(row, "loss") ?? double.NaN,
            Number(row, "accuracy") ?? double.NaN, Number(row, "validation_loss"), Number(row, "validation_accuracy")))];
    }

    /// <summary>Settings and versions.</summary>
    public static IEnumerable<Fact> Facts(string folder)
    {
        string path = Path.Combine(folder, Options);
        if (!File.Exists(path))
            return [];
        JsonNode root = JsonNode.Parse(File.ReadAllText(path))!;
        JsonNode? training = root["training"];
        return Named.Where(n => root[n.Key] is not null).Select(n => new Fact(n.Name, Text(root[n.Key]!)))
            .Concat(Settings.Where(s => training?[s] is not null).Select(s => new Fact(s, Text(training![s]!))))
            .Concat(new[] { "Optimizer", "Schedule", "Loss" }.Where(s => training?[s]?["type"] is not null)
                .Select(s => new Fact(s, Text(training![s]!["type"]!))));
    }

    private static string Text(JsonNode node) => node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>()
        : node.ToJsonString();
}
