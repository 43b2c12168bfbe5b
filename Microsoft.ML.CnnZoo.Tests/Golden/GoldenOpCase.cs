using System.Text.Json;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Tests.Conformance;

namespace Microsoft.ML.CnnZoo.Tests.Golden;

/// <summary>
/// One operator of ops.json: PyTorch's inputs, outputs and gradients, moved from NCHW and OIHW to NHWC and HWIO.
/// </summary>
/// <param name="Id">The case's id.</param>
/// <param name="Json">Its entry.</param>
internal sealed record GoldenOpCase(string Id, JsonElement Json)
{
    /// <summary>The operator.</summary>
    public string Op => Json.GetProperty("op").GetString()!;

    /// <summary>The attributes.</summary>
    public JsonElement Attributes => Json.GetProperty("attrs");

    /// <summary>Every case of the copies and of the folder of further cases.</summary>
    public static IReadOnlyList<JsonElement> Entries(string list) =>
    [
        .. new[] { GoldenFiles.Folder, GoldenFiles.ExtraFolder }.OfType<string>()
            .SelectMany(f => Directory.EnumerateFiles(f, "ops*.json").Order(StringComparer.Ordinal))
            .SelectMany(f => JsonDocument.Parse(File.ReadAllBytes(f)).RootElement.GetProperty(list).EnumerateArray()),
    ];

    /// <summary>All numbers of an attribute that is one number or a list.</summary>
    public int[] Ints(string attribute) => Attributes.GetProperty(attribute) is { ValueKind: JsonValueKind.Array } list
        ? [.. list.EnumerateArray().Select(e => e.GetInt32())] : [Attributes.GetProperty(attribute).GetInt32()];

    /// <summary>Whether an attribute exists and is true.</summary>
    public bool Flag(string attribute) =>
        Attributes.TryGetProperty(attribute, out JsonElement value) && value.GetBoolean();

    /// <summary>Whether there is an input of that name.</summary>
    public bool HasInput(string name) => Json.GetProperty("inputs").TryGetProperty(name, out _);

    /// <summary>An input in our layout.</summary>
    public Tensor Input(string name) => Ours(Json.GetProperty("inputs").GetProperty(name), IsKernel(name)).ToFloat();

    /// <summary>The upstream gradient, or 1 for a scalar loss.</summary>
    public Tensor Upstream() =>
        Json.GetProperty("upstream").GetProperty("dy") is var dy && dy.TryGetProperty("data", out _)
        ? Ours(dy, kernel: false).ToFloat() : Tensor.Of<float>(TensorShape.Scalar, 1);

    /// <summary>An expected output in our layout.</summary>
    public NaiveTensor Output(string name) => Ours(Json.GetProperty("outputs").GetProperty(name), kernel: false);

    /// <summary>An expected gradient in our layout.</summary>
    public NaiveTensor Gradient(string name) => Ours(Json.GetProperty("grads").GetProperty(name), IsKernel(name));

    /// <summary>Numbers listed under <c>extra</c>.</summary>
    public double[] Extra(string name) => Numbers(Json.GetProperty("extra").GetProperty(name));

    /// <summary>A JSON list as numbers.</summary>
    public static double[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(e => e.GetDouble())];

    private bool IsKernel(string name) => name == "w" && Op.Contains("conv", StringComparison.Ordinal);

    /// <summary>Rank 4: NCHW to NHWC, or OIHW to HWIO; other ranks as they are.</summary>
    private static NaiveTensor Ours(JsonElement json, bool kernel)
    {
        int[] s = [.. json.GetProperty("shape").EnumerateArray().Select(e => e.GetInt32())];
        var theirs = new NaiveTensor(new(s), Numbers(json.GetProperty("data")));
        if (s.Length != 4)
            return theirs;
        var ours = new NaiveTensor(kernel ? new(s[2], s[3], s[1], s[0]) : new(s[0], s[2], s[3], s[1]));
        int i = 0;
        foreach (int[] x in NaiveTensor.Indices(ours.Shape))
            ours.Data[i++] = kernel ? theirs[x[3], x[2], x[0], x[1]] : theirs[x[0], x[3], x[1], x[2]];
        return ours;
    }
}
