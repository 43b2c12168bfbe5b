using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Graph;

namespace CnnZoo.Cli.Reports;

/// <summary>What there is to know of a model and its images besides its answers.</summary>
internal static class ModelMeasurement
{
    private const int MostRuns = 30;
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(2);

    /// <summary>The network, layer by layer.</summary>
    public static ModelFacts Describe(CnnClassificationModel model)
    {
        NetworkSummary summary = NetworkSummary.Of(model.Architecture, model.Classes, model.Image);
        return new(summary.Name, model.Architecture.DisplayName, summary.Input.ToString(), summary.Parameters,
            summary.MultiplyAdds, (summary.Parameters + summary.NonTrainable) * sizeof(float),
            [.. summary.Layers.Select(l => new LayerFacts(l.Name, l.Kind, Shape(l.OutputShape), l.Parameters, l.MultiplyAdds))]);
    }

    /// <summary>Times and memory here.</summary>
    /// <param name="network">The model.</param>
    /// <param name="image">One of the images.</param>
    /// <param name="imagesPerSecond">How fast the images of the report were scored, reading and decoding included.</param>
    public static MachineFacts Measure(CnnClassificationTransformer network, string image, double imagesPerSecond)
    {
        CnnClassificationModel model = network.Model;
        Latency latency = Latency.Measure(model.Architecture, model.Classes, model.Image);
        byte[] file = File.ReadAllBytes(image);
        network.Classify(file); // compiles
        var times = new List<double>();
        var total = Stopwatch.StartNew();
        while (times.Count < MostRuns && (times.Count < 3 || total.Elapsed < Budget))
        {
            long start = Stopwatch.GetTimestamp();
            network.Classify(file);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        times.Sort();
        using var process = Process.GetCurrentProcess();
        return new(Processor(), Environment.ProcessorCount, latency.Milliseconds, Math.Round(times[times.Count / 2], 3),
            imagesPerSecond, latency.PeakBytes, process.PeakWorkingSet64);
    }

    /// <summary>The images of a folder.</summary>
    public static IReadOnlyList<Fact> Describe(string folder, ScoredFolder scored, BadImages bad)
    {
        (int Width, int Height)[] sizes = [.. scored.Images.Select(i => Thumbnails.SizeOf(i.ImagePath)).OfType<(int, int)>()
            .OrderBy(s => (long)s.Item1 * s.Item2)];
        var facts = new List<Fact>
        {
            new("Folder", Path.GetFullPath(folder)),
            new("Images", string.Create(CultureInfo.InvariantCulture, $"{scored.Images.Count:N0}")),
            new("Left out", string.Create(CultureInfo.InvariantCulture, $"{bad.Skipped.Count:N0} that cannot be read")),
        };
        if (sizes.Length > 0)
            facts.Add(new("Sizes", sizes[0] == sizes[^1] ? Size(sizes[0])
                : $"{Size(sizes[0])} to {Size(sizes[^1])}, median {Size(sizes[sizes.Length / 2])}"));
        if (scored.UnknownClasses.Count > 0)
            facts.Add(new("Folders left out", $"{string.Join(", ", scored.UnknownClasses)}: no classes of the model"));
        return facts;
    }

    /// <summary>Versions of what made the report.</summary>
    public static IEnumerable<Fact> Versions() =>
    [
        new("Report by", $"cnnzoo {ConsumptionProject.ToolVersion}"),
        new("ML.NET here", typeof(MLContext).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+')[0]),
        new("Runtime here", $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}"),
    ];

    private static string Size((int Width, int Height) size) => $"{size.Width} × {size.Height}";

    private static string Shape(TensorShape shape) => string.Join(" × ", shape.Dimensions[1..].ToArray());

    private static string Processor()
    {
        const string Linux = "/proc/cpuinfo", Key = "model name";
        string? line = File.Exists(Linux)
            ? File.ReadLines(Linux).FirstOrDefault(l => l.StartsWith(Key, StringComparison.Ordinal)) : null;
        return line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()
            ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
