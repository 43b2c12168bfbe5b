using System.Text.Json;
using Google.Protobuf;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Formats;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Formats.Onnx;
using Microsoft.ML.CnnZoo.Formats.Onnx.Protos;
using Microsoft.ML.CnnZoo.Weights;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Formats.Onnx;

/// <summary>Networks of other frameworks, imported and written anew.</summary>
public sealed class OnnxReexportTests
{
    public static TheoryData<string> Published => [.. InteropFiles.Cases("onnx-published")
        .Select(c => c.GetProperty("name").GetString()!)
        .Where(n => TestScope.IsFull || n.Contains("shuffle", StringComparison.Ordinal)
            || n.Contains("mobilenet_v3", StringComparison.Ordinal))];

    [Fact]
    public void Write_ImportsOfOperatorFiles_GiveTheirValues()
    {
        var refused = new List<string>();
        foreach (JsonElement entry in InteropFiles.Cases("onnx-ops"))
        {
            string name = entry.GetProperty("name").GetString()!;
            ImportedArchitecture network;
            try
            {
                network = Import(OnnxReader.Read(InteropFiles.PathOf("onnx-ops", $"{name}.onnx")));
            }
            catch (InvalidDataException)
            {
                refused.Add(name);
                continue;
            }
            Check(entry, network, "logits");
        }
        Assert.True(refused.Count == 0, string.Join(", ", refused));
    }

    [Theory]
    [MemberData(nameof(Published))]
    public void Write_ImportOfPublishedNetwork_GivesItsValues(string name)
    {
        JsonElement entry = InteropFiles.Cases("onnx-published").Single(c => c.GetProperty("name").GetString() == name);
        Check(entry, Import(OnnxReader.Read(OnnxReaderTests.Filled(entry), name, folder: null, image: null)), "first");
    }

    /// <summary>A file's values are those of its own input, whatever it says of pixels.</summary>
    private static ImportedArchitecture Import(FrozenNetwork network) => Importer.Import(network,
        new CnnImportOptions { Preprocessing = network.Preprocessing is null ? null : ImagePreprocessing.Raw });

    private static CnnClassificationModel Model(ImportedArchitecture network)
    {
        int classes = network.Network.Classes;
        var weights = new VariableStore();
        new WeightsLoader(network.FileWeights!.Tensors, network, network.DefaultInput, classes).CopyTo(weights);
        PixelNormalization normalization = network.IsPreprocessingGuessed
            ? PixelNormalization.Identity(network.DefaultInput.Channels) : network.Preprocessing.Normalization;
        return new CnnClassificationModel(network, network.DefaultInput, classes, normalization, weights);
    }

    /// <summary>The written file's logits, or its probabilities or their logarithms where the network gave those, are as
    /// expected.</summary>
    private static void Check(JsonElement entry, ImportedArchitecture network, string values)
    {
        using CnnClassificationModel model = Model(network);
        string[] names = [.. Enumerable.Range(0, model.Classes).Select(i => $"{i}")];
        ModelProto file = OnnxWriter.Write(model, names, new OnnxExportOptions { InputLayout = OnnxInputLayout.Nhwc });
        OnnxChecker.Check(file);
        ValueInfoProto logits = file.Graph.ValueInfo.Single(v =>
            v.Name == file.Graph.Node.Last(n => n.OpType == "Softmax").Input[0]);
        file.Graph.ValueInfo.Remove(logits);
        file.Graph.Output.Add(logits);
        KnownArray input = InteropFiles.Input(entry);
        ImageShape size = model.Image;
        if (input.Shape[^1] != size.Channels || input.Shape[1] == size.Channels)
            input = input.Transpose([0, 2, 3, 1]);
        // A factor at the input, of which the file does not say more, is taken for one of pixels from 0 to 1.
        float range = network.PreprocessingReason.Contains("0 to 1", StringComparison.Ordinal) ? 255 : 1;
        Dictionary<string, Array> results = OnnxRun.Run(file.ToByteArray(), [.. input.ToFloats().Select(v => range * v)],
            [.. input.Shape.Select(d => (long)d)]);
        double[] expected = InteropFiles.Numbers(entry, values);
        float[] scores = (float[])results["probabilities"], actual = (float[])results[logits.Name];
        if (Sums(expected, e => e))
            actual = scores;
        else if (Sums(expected, Math.Exp))
            actual = Array.ConvertAll(scores, MathF.Log);
        InteropFiles.Check(entry, expected, actual);

        bool Sums(double[] values, Func<double, double> probability) =>
            values.All(v => probability(v) is >= 0 and <= 1) && Math.Abs(values.Sum(probability) - input.Shape[0]) < 1e-3;
    }
}
