using System.IO.Compression;
using System.Text.Json;
using Microsoft.ML.CnnZoo.Formats;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Graph;
using Xunit;
using KerasReader = global::CnnZoo.Cli.KerasReader;

namespace Microsoft.ML.CnnZoo.Tests.Formats.Keras;

/// <summary>Files that Keras 2 and 3 wrote give the values that those compute.</summary>
public class KerasReaderTests
{
    private const string Folder = "tensorflow-small";

    [Theory]
    [InlineData("keras2.json", "keras2_fun.h5")]
    [InlineData("keras2.json", "keras2_fun.keras")]
    [InlineData("keras2.json", "keras2_fun_old.h5")]
    [InlineData("keras3.json", "keras3_seq.h5")]
    [InlineData("keras3.json", "keras3_seq.keras")]
    public void Read_FileOfKeras_GivesItsValues(string list, string file)
    {
        JsonElement entry = InteropFiles.Cases(Folder, list)[0];
        FrozenNetwork network = KerasReader.Read(InteropFiles.PathOf(Folder, file));
        KnownArray output = FrozenNetworkRun.Run(network, InteropFiles.Input(entry));
        Assert.Equal([3, 5], output.Shape);
        InteropFiles.Check(entry, InteropFiles.Numbers(entry, "output"), output.ToFloats());
    }

    [Fact]
    public void Read_FunctionalModel_NamesLayersAndWeights()
    {
        FrozenNetwork network = KerasReader.Read(InteropFiles.PathOf(Folder, "keras2_fun.keras"));
        Assert.Equal("photo", network.Input.Name);
        Assert.Equal("logits", network.Output.Name);
        Assert.Equal([-1, 16, 16, 8], network.Tensors["stem_relu"].Tensor.Shape.Dimensions.ToArray());
        Assert.Contains(network.Graph.Nodes, n => n.Name == "one7/kernel" && n.Op == "Const");
        Assert.Single(network.Graph.Nodes, n => n.Op == "Placeholder");
    }

    [Fact]
    public void Read_Dropout_IsKept()
    {
        FrozenNetwork network = KerasReader.Read(InteropFiles.PathOf(Folder, "keras3_seq.h5"));
        NodeDef dropout = Assert.Single(network.Graph.Nodes, n => n.Op == "Identity");
        Assert.Equal(0.4f, dropout.Attributes[FrozenNetwork.DropoutRate].Float);
    }

    [Fact]
    public void Read_WeightsOnly_SaysHowTheyAreUsed()
    {
        string path = InteropFiles.PathOf(Folder, "keras2_fun_weights_only.h5");
        string message = Assert.Throws<InvalidDataException>(() => KerasReader.Read(path)).Message;
        Assert.Contains("--arch", message, StringComparison.Ordinal);
        Assert.Contains(path, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("keras2_fun.h5")]
    [InlineData("keras3_seq.keras")]
    public void Read_DamagedFile_IsRefused(string name)
    {
        byte[] whole = File.ReadAllBytes(InteropFiles.PathOf(Folder, name));
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():n}{Path.GetExtension(name)}");
        var random = new Random(13);
        try
        {
            int refused = 0;
            for (int i = 0; i < 60; i++)
            {
                byte[] damaged = i < 20 ? whole[..(whole.Length * i / 20)] : [.. whole];
                // The beginning describes the file; most of the rest are numbers.
                for (int k = 0; i >= 20 && k < 8; k++)
                    damaged[random.Next(Math.Min(damaged.Length, 20_000))] = (byte)random.Next(256);
                File.WriteAllBytes(path, damaged);
                try
                {
                    KerasReader.Read(path);
                }
                catch (InvalidDataException e)
                {
                    Assert.Contains(path, e.Message, StringComparison.Ordinal);
                    refused++;
                }
            }
            Assert.True(refused >= 20, $"{refused} were refused");
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Read_ArchiveWithoutWeights_IsRefused()
    {
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():n}.keras");
        try
        {
            using (ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Create))
            using (StreamWriter writer = new(archive.CreateEntry("config.json").Open()))
                writer.Write("{}");
            Assert.Contains("model.weights.h5", Assert.Throws<InvalidDataException>(() => KerasReader.Read(path)).Message,
                StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
