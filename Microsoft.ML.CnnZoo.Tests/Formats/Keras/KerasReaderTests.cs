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
    [InlineData("keras2_fun.keras")]
    public void Read_TruncatedFile_IsRefused(string name)
    {
        byte[] whole = File.ReadAllBytes(InteropFiles.PathOf(Folder, name));
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():n}{Path.GetExtension(name)}");
        try
        {
            for (int i = 0; i < 10; i++)
            {
                File.WriteAllBytes(path, whole[..(whole.Length * i / 10)]);
                Assert.Contains(path, Assert.Throws<InvalidDataException>(() => KerasReader.Read(path)).Message,
                    StringComparison.Ordinal);
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("keras2_fun_old.h5")]
    [InlineData("keras3_seq.keras")]
    public void Import_Model_IsAnArchitecture(string name)
    {
        ImportedArchitecture architecture = Importer.Import(KerasReader.Read(InteropFiles.PathOf(Folder, name)),
            new CnnImportOptions());
        // Keras 3's file states its preprocessing by a Rescaling layer.
        Assert.Equal(!name.StartsWith("keras3", StringComparison.Ordinal), architecture.IsPreprocessingGuessed);
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
