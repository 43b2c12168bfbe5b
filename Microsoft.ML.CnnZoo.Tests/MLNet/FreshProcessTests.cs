using System.IO.Compression;
using System.Runtime.InteropServices;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.MLNet;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
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
        WriteScores(loaded.Transform(mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, digits))), output);
    }

    /// <summary>Runs in the child: loads a data loader with its model, reads and scores a text file.</summary>
    internal static void ScoreText(string model, string text, string output)
    {
        ITransformer loaded =
            new MLContext().Model.LoadWithDataLoader(model, out IDataLoader<IMultiStreamSource> loader);
        WriteScores(loaded.Transform(loader.Load(new MultiFileSource(text))), output);
    }

    /// <summary>Runs in the child: says whether the library was loaded before the model was, and after.</summary>
    internal static void Load(string model)
    {
        static bool IsLoaded() =>
            AppDomain.CurrentDomain.GetAssemblies().Any(a => a.GetName().Name == "Microsoft.ML.CnnZoo");
        bool before = IsLoaded();
        new MLContext().Model.Load(model, out _);
        Console.WriteLine($"before: {before}, after: {IsLoaded()}");
    }

    [Fact]
    public void Load_InAFreshProcess_GivesTheSameScores()
    {
        string model = SaveModel(out float[][] scores);
        string output = Path.Combine(_folder, "scores.bin");
        (int exitCode, string text) = ChildProcess.Run("score", model, $"{Scored}", output);
        Assert.True(exitCode == 0, text);
        Assert.Equal(scores.SelectMany(s => s), ReadScores(output));
    }

    [Fact]
    public void Load_LibraryNotLoaded_MLNetLoadsItByItself()
    {
        (int exitCode, string text) = ChildProcess.Run("load", SaveModel(out _));
        Assert.True(exitCode == 0, text);
        Assert.Contains("before: False, after: True", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_DataLoaderWithModel_ScoresInAFreshProcess()
    {
        string text = Path.Combine(_folder, "digits.tsv"), model = Path.Combine(_folder, "loader.zip");
        string output = Path.Combine(_folder, "scores.bin");
        File.WriteAllLines(text,
            DigitRows.Pixels(0, 30).Select(r => string.Join('\t', r.Pixels.Select(p => $"{p}").Prepend(r.Label))));
        var mlContext = new MLContext(1);
        TextLoader rows =
            mlContext.Data.CreateTextLoader([new("Label", DataKind.String, 0), new("Pixels", DataKind.Single, 1, 784)]);
        IDataView digits = rows.Load(new MultiFileSource(text));
        ITransformer trained = DigitRows.Pipeline(mlContext, DigitRows.Options(1)).Fit(digits);
        mlContext.Model.Save(trained, rows, model);
        float[][] expected = DigitRows.Scores(trained.Transform(digits));
        ((IDisposable)trained).Dispose();
        (int exitCode, string messages) = ChildProcess.Run("scoretext", model, text, output);
        Assert.True(exitCode == 0, messages);
        Assert.Equal(expected.SelectMany(s => s), ReadScores(output));
    }

    [Fact]
    public void Load_SameProcess_KeepsTypeNamesLabelsAndSchema()
    {
        string path = SaveModel(out float[][] scores);
        var mlContext = new MLContext();
        ITransformer loaded = mlContext.Model.Load(path, out DataViewSchema schema);
        CnnClassificationTransformer network = Assert.IsAssignableFrom<IEnumerable<ITransformer>>(loaded)
            .OfType<CnnClassificationTransformer>().Single();
        Assert.Equal("lenet5_relu", network.Model.Architecture.Name);
        Assert.Equal(10, network.ClassNames.Count);
        Assert.Equal(("Pixels", "Score", "PredictedLabel"),
            (network.FeatureColumnName, network.ScoreColumnName, network.PredictedLabelColumnName));
        Assert.NotNull(schema.GetColumnOrNull("Pixels"));
        IDataView digits = mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, Scored));
        Assert.Equal(scores, DigitRows.Scores(loaded.Transform(digits)));
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
    public void Load_WeightsMissing_SaysSo() =>
        AssertRefused(Damage(SaveModel(out _), "Weights.bin", _ => null), "Weights.bin", "missing");

    [Fact]
    public void Load_SavedByALaterVersion_SaysWhichPackageToUpdate()
    {
        string path = Damage(SaveModel(out _), "Model.key", bytes =>
        {
            // version, package, network; texts begin with a length
            int package = Find(bytes, "lenet5_relu"u8) - 1 - ThisPackage.Length;
            bytes[package - 5] = 9;
            "7"u8.CopyTo(bytes.AsSpan(package));
            return bytes;
        }, "CnnZooClassification"u8.ToArray());
        AssertRefused(path, "saved by Microsoft.ML.CnnZoo 7" + ThisPackage[1..], "version 9 of its format",
            $"Microsoft.ML.CnnZoo {ThisPackage}", $"reads versions up to {CnnModelFile.Version}",
            "Update the package Microsoft.ML.CnnZoo");
    }

    [Fact]
    public void Load_Refused_ThePrintedExceptionHasTheReason()
    {
        string path = Damage(SaveModel(out _), "Weights.bin", _ => null);
        const string Reason =
            "The CNN model cannot be loaded: something is wrong with its 'Weights.bin': it is missing.";
        var errors = new List<string>();
        var mlContext = new MLContext();
        mlContext.Log += (_, e) =>
        {
            if (e.Kind == ChannelMessageKind.Error)
                errors.Add(e.RawMessage);
        };
        Exception error = Assert.ThrowsAny<Exception>(() => mlContext.Model.Load(path, out _));
        // all that ML.NET says by itself
        Assert.Contains("target of an invocation", error.Message, StringComparison.Ordinal);
        Assert.Equal(Reason, error.GetBaseException().Message);
        Assert.Equal([Reason], errors);
        (int exitCode, string text) = ChildProcess.Run("load", path);
        Assert.NotEqual(0, exitCode);
        Assert.Contains(Reason, text, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_WeightNotFinite_IsRefused()
    {
        string path = SaveModel(out _);
        var loaded = (IEnumerable<ITransformer>)new MLContext().Model.Load(path, out _);
        using CnnClassificationTransformer network = loaded.OfType<CnnClassificationTransformer>().Single();
        network.Model.Weights["fc3/bias"].Values<float>()[3] = float.NaN;
        var error = Assert.Throws<InvalidOperationException>(
            () => new MLContext().Model.Save(network, null, new MemoryStream()));
        Assert.Contains("its tensor 'fc3/bias' has values that are not finite", error.Message, StringComparison.Ordinal);
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

    private static string ThisPackage { get; } =
        typeof(CnnClassificationTransformer).Assembly.GetName().Version!.ToString(3);

    private static void WriteScores(IDataView scored, string output) =>
        File.WriteAllBytes(output,
            MemoryMarshal.AsBytes<float>(DigitRows.Scores(scored).SelectMany(s => s).ToArray()).ToArray());

    private static float[] ReadScores(string output) =>
        MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(output)).ToArray();

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
