using System.IO.Compression;
using System.Runtime.InteropServices;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.MLNet;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>Saved models: loaded by a process that has never seen the trainer, and refused when damaged.</summary>
public sealed class FreshProcessTests : IDisposable
{
    private const int Scored = 70; // more than a batch
    private readonly string _folder = Directory.CreateTempSubdirectory("models").FullName;

    /// <summary>Runs in the child: loads, scores, writes the scores.</summary>
    internal static void Score(string model, int digits, string output)
    {
        MLContext mlContext = new MLContext();
        ITransformer loaded = mlContext.Model.Load(model, out _);
        float[][] scores = DigitRows.Scores(loaded.Transform(mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, digits))));
        File.WriteAllBytes(output, MemoryMarshal.AsBytes<float>(scores.SelectMany(s => s).ToArray()).ToArray());
    }

    /// <summary>Runs in the child: loads without having said what the library's models are.</summary>
    internal static void LoadUnregistered(string model) => new MLContext().Model.Load(model, out _);

    [Fact]
    public void Load_InAFreshProcess_GivesTheSameScores()
    {
        string model = SaveModel(out float[][] scores);
        string output = Path.Combine(_folder, "scores.bin");
        (int exitCode, string text) = ChildProcess.Run("score", model, $"{Scored}", output);
        Assert.True(exitCode == 0, text);
        Assert.Equal(scores.SelectMany(s => s), MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(output)).ToArray());
    }

    [Fact]
    public void Load_WithoutRegistration_SaysThatTheModelIsUnknown()
    {
        string model = SaveModel(out _);
        (int exitCode, string text) = ChildProcess.Run("load", model);
        Assert.NotEqual(0, exitCode);
        Assert.Contains("CnnZooClassification", text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Load_SameProcess_KeepsTypeNamesLabelsAndSchema()
    {
        string path = SaveModel(out float[][] scores);
        var mlContext = new MLContext();
        ITransformer loaded = mlContext.Model.Load(path, out DataViewSchema schema);
        CnnClassificationTransformer network = Assert.IsAssignableFrom<IEnumerable<ITransformer>>(loaded).OfType<CnnClassificationTransformer>().Single();
        Assert.Equal("lenet5_modern_relu", network.Model.Architecture.Name);
        Assert.Equal(10, network.ClassNames.Count);
        Assert.Equal(("Pixels", "Score", "PredictedLabel"), (network.FeatureColumnName, network.ScoreColumnName, network.PredictedLabelColumnName));
        Assert.NotNull(schema.GetColumnOrNull("Pixels"));
        Assert.Equal(scores, DigitRows.Scores(loaded.Transform(mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, Scored)))));
        ((IDisposable)loaded).Dispose();
    }

    [Theory]
    [InlineData(0.5, "truncated")]
    [InlineData(0.99, "truncated")]
    public void Load_WeightsCutShort_NamesTheStream(double share, string expected)
    {
        string path = Damage(SaveModel(out _), "Weights.bin", bytes => bytes[..(int)(bytes.Length * share)]);
        AssertRefused(path, "Weights.bin", expected);
    }

    [Fact]
    public void Load_OneBitOfAWeightFlipped_NamesTheTensor()
    {
        string path = Damage(SaveModel(out _), "Weights.bin", bytes =>
        {
            bytes[^100] ^= 1;
            return bytes;
        });
        AssertRefused(path, "Weights.bin", "fc3", "checksum");
    }

    [Fact]
    public void Load_WeightsMissing_SaysSo() => AssertRefused(Damage(SaveModel(out _), "Weights.bin", _ => null), "Weights.bin", "missing");

    [Fact]
    public void Load_OtherVersion_SaysWhichIsRead()
    {
        string path = Damage(SaveModel(out _), "Model.key", bytes =>
        {
            int at = Find(bytes, "lenet5_modern_relu"u8) - 5; // version, then the name with its length before it
            bytes[at] = 9;
            return bytes;
        }, "CnnZooClassification"u8.ToArray());
        AssertRefused(path, "Model.key", "version 9", $"versions up to {CnnModelFile.Version}");
    }

    [Fact]
    public void Load_ZipCutShort_ThrowsAndDoesNotHang()
    {
        string path = SaveModel(out _);
        byte[] bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]);
        Assert.ThrowsAny<Exception>(() => new MLContext().Model.Load(path, out _));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static void AssertRefused(string path, params string[] words)
    {
        Exception error = Assert.ThrowsAny<Exception>(() => new MLContext().Model.Load(path, out _));
        while (error is not InvalidDataException && error.InnerException is not null)
            error = error.InnerException;
        Assert.IsType<InvalidDataException>(error);
        Assert.All(words, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
    }

    private string SaveModel(out float[][] scores)
    {
        var mlContext = new MLContext(1);
        IDataView digits = mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 200));
        ITransformer model = DigitRows.Pipeline(mlContext, DigitRows.Options(epochs: 1)).Fit(digits);
        string path = Path.Combine(_folder, "model.zip");
        mlContext.Model.Save(model, digits.Schema, path);
        scores = DigitRows.Scores(model.Transform(mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, Scored))));
        ((IDisposable)model).Dispose();
        return path;
    }

    /// <summary>Changes the entry of that name (which holds <paramref name="containing"/>); null removes it.</summary>
    private static string Damage(string path, string entryName, Func<byte[], byte[]?> change, byte[]? containing = null)
    {
        using ZipArchive zip = ZipFile.Open(path, ZipArchiveMode.Update);
        foreach (ZipArchiveEntry entry in zip.Entries.Where(e => e.Name == entryName).ToArray())
        {
            using var content = new MemoryStream();
            using (Stream stream = entry.Open())
                stream.CopyTo(content);
            byte[] bytes = content.ToArray();
            if (containing is not null && Find(bytes, containing) < 0)
                continue;
            string name = entry.FullName;
            entry.Delete();
            if (change(bytes) is not byte[] changed)
                continue;
            using Stream target = zip.CreateEntry(name).Open();
            target.Write(changed);
        }
        return path;
    }

    private static int Find(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> wanted) => bytes.IndexOf(wanted);
}
