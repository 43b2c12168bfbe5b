using System.Text.Json;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Golden;

/// <summary>The fill formula against its published vectors.</summary>
public class GoldenFillTests
{
    [Fact]
    public void Hash_PublishedVectors_AreEqual()
    {
        Assert.Equal(0xcbf29ce484222325UL, GoldenFill.Hash(""));
        Assert.Equal(0xaf63dc4c8601ec8cUL, GoldenFill.Hash("a"));
        Assert.Equal(0x85944171f73967e8UL, GoldenFill.Hash("foobar"));
    }

    [Fact]
    public void Mix_Seed1234567_GivesSplitmix64sFirstNumbers() =>
        Assert.Equal([6457827717110365317UL, 3203168211198807973UL, 9817491932198370423UL],
            Enumerable.Range(1, 3).Select(i => GoldenFill.Mix(1234567 + ((ulong)i * 0x9E3779B97F4A7C15))));

    [Fact]
    public void Raw_EveryNameOfTheFile_IsExact()
    {
        using JsonDocument file = GoldenFiles.Read("fill_vectors.json");
        foreach (JsonElement entry in file.RootElement.GetProperty("raw").EnumerateArray())
        {
            string name = entry.GetProperty("name").GetString()!;
            Assert.Equal(entry.GetProperty("fnv1a64").GetString(), GoldenFill.Hash(name).ToString("x16"));
            Assert.Equal(entry.GetProperty("v_first8").EnumerateArray().Select(e => e.GetDouble()),
                GoldenFill.Raw(name, 8));
        }
    }

    [Fact]
    public void Weights_EveryTensorOfTheFile_AreExact()
    {
        using JsonDocument file = GoldenFiles.Read("fill_vectors.json");
        foreach (JsonElement entry in file.RootElement.GetProperty("filled").EnumerateArray())
        {
            int[] shape = [.. entry.GetProperty("shape").EnumerateArray().Select(e => e.GetInt32())];
            var tensor = new GoldenTensor(entry.GetProperty("name").GetString()!, entry.GetProperty("kind")
                .GetString()!, shape);
            float[] values = tensor.Kind == "input" ? GoldenFill.Input(tensor.Name, tensor.Count,
                Number(entry, "scale", 1), Number(entry, "offset", 0))
                : GoldenFill.Weights(tensor, Number(entry, "conv_c", 6));
            double[] first = [.. entry.GetProperty("first4").EnumerateArray().Select(e => e.GetDouble())];
            Assert.Equal(first, values.Take(first.Length).Select(v => (double)v));
            Assert.Equal(entry.GetProperty("last").GetDouble(), values[^1]);
            Assert.Equal(entry.GetProperty("l2").GetDouble(), Math.Sqrt(values.Sum(v => (double)v * v)), 1e-9);
        }
    }

    private static double Number(JsonElement entry, string name, double otherwise) =>
        entry.TryGetProperty(name, out JsonElement e) ? e.GetDouble() : otherwise;
}
