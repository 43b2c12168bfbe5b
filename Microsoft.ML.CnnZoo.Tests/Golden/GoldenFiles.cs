using System.Text.Json;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Tests.Golden;

/// <summary>A tensor in a golden list.</summary>
/// <param name="Name">PyTorch's name.</param>
/// <param name="Kind">Which fill rule.</param>
/// <param name="Shape">PyTorch's shape.</param>
internal sealed record GoldenTensor(string Name, string Kind, int[] Shape)
{
    /// <summary>Number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (a, b) => a * b);
}

/// <summary>The golden files beside the tests, and those in the folder that CNNZOO_GOLDEN names.</summary>
internal static class GoldenFiles
{
    private static readonly Lazy<JsonDocument> Models = new(() => Read("architectures.json"));

    /// <summary>The folder of the copies.</summary>
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Golden");

    /// <summary>The folder of further cases, or null.</summary>
    public static string? ExtraFolder =>
        Environment.GetEnvironmentVariable("CNNZOO_GOLDEN") is { Length: > 0 } folder && Directory.Exists(folder)
        ? folder : null;

    /// <summary>All files of a kind (<c>logits</c>, <c>training</c>): copies and further cases.</summary>
    public static IReadOnlyList<string> All(string kind) =>
    [
        .. new[] { Folder, ExtraFolder }.OfType<string>().Select(f => Path.Combine(f, kind)).Where(Directory.Exists)
            .SelectMany(f => Directory.EnumerateFiles(f, "*.json").Order(StringComparer.Ordinal)),
    ];

    /// <summary>Parses one of the copies.</summary>
    public static JsonDocument Read(string name) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, name)));

    /// <summary>The entry of a network of the catalog in architectures.json.</summary>
    public static JsonElement Architecture(string name) =>
        Models.Value.RootElement.GetProperty("models").GetProperty(GoldenNames.OfCatalog(name));

    /// <summary>Whether architectures.json has a network of the catalog.</summary>
    public static bool HasArchitecture(string name) =>
        Models.Value.RootElement.GetProperty("models").TryGetProperty(GoldenNames.OfCatalog(name), out _);

    /// <summary>All tensors of a network of the catalog, batch-norm entries written out.</summary>
    public static IReadOnlyList<GoldenTensor> Tensors(string name) =>
        Tensors(Architecture(name).GetProperty("tensors"));

    /// <summary>All tensors of a list, batch-norm entries written out.</summary>
    public static IReadOnlyList<GoldenTensor> Tensors(JsonElement list)
    {
        var tensors = new List<GoldenTensor>();
        foreach (JsonElement entry in list.EnumerateArray())
        {
            (string name, string kind) = (entry[0].GetString()!, entry[1].GetString()!);
            int[] shape = [.. entry[2].EnumerateArray().Select(e => e.GetInt32())];
            if (kind == "bn")
                tensors.AddRange([new($"{name}.weight", "bn_w", shape), new($"{name}.bias", "bn_b", shape),
                    new($"{name}.running_mean", "bn_mean", shape), new($"{name}.running_var", "bn_var", shape)]);
            else
                tensors.Add(new(name, kind, shape));
        }
        return tensors;
    }

    /// <summary>[C,H,W] of the image that a linear layer reads flattened, or null.</summary>
    public static int[]? FlattenShape(string name, string tensor) =>
        Architecture(name).TryGetProperty("flatten_chw", out JsonElement map)
            && map.TryGetProperty(tensor, out JsonElement shape)
            ? [.. shape.EnumerateArray().Select(e => e.GetInt32())] : null;

    /// <summary>The connection table of a network's sparse convolution, or null.</summary>
    public static int[][]? Connections(string name)
    {
        return Architecture(name).TryGetProperty("config", out JsonElement config)
            && (config.TryGetProperty("c3_table", out JsonElement table)
            || config.TryGetProperty("h3_table", out table))
            ? [.. table.EnumerateArray().Select(row => row.EnumerateArray().Select(e => e.GetInt32()).ToArray())]
                : null;
    }
}
