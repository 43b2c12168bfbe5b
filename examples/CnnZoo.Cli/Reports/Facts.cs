using System.Globalization;

namespace CnnZoo.Cli.Reports;

/// <summary>Facts in the words of a report.</summary>
internal static class Facts
{
    /// <summary>Of a network.</summary>
    public static IReadOnlyList<Fact> Of(ModelFacts? model) => model is null ? [] :
    [
        new("Network", $"{model.DisplayName} ({model.Name})"),
        new("Image size", model.Input.Replace("x", " × ", StringComparison.Ordinal)),
        new("Parameters", Count(model.Parameters)),
        new("Multiply-adds for one image", Count(model.MultiplyAdds)),
        new("Weights", Bytes(model.WeightBytes)),
    ];

    /// <summary>Of a machine.</summary>
    public static IReadOnlyList<Fact> Of(MachineFacts? machine) => machine is null ? [] :
    [
        new("Processor", $"{machine.Processor}, {machine.Processors} logical"),
        new("Network alone, one image", Milliseconds(machine.NetworkMilliseconds)),
        new("With decoding, one image", Milliseconds(machine.ImageMilliseconds)),
        new("Files in batches", string.Create(CultureInfo.InvariantCulture, $"{machine.ImagesPerSecond:N0} images/s")),
        new("Working memory for one image", Bytes(machine.WorkingBytes)),
        new("Peak memory of this process", Bytes(machine.ProcessBytes)),
    ];

    /// <summary>A count that is easily read.</summary>
    public static string Count(long number) => number switch
    {
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{number / 1e9:F2} billion"),
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{number / 1e6:F2} million"),
        _ => number.ToString("N0", CultureInfo.InvariantCulture),
    };

    private static string Bytes(long bytes) => bytes >= 1 << 20
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 20):F1} MiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:F1} KiB");

    private static string Milliseconds(double time) => string.Create(CultureInfo.InvariantCulture, $"{time:F2} ms");
}
