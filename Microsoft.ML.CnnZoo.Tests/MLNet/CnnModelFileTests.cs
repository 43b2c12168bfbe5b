using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.MLNet;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>The block that describes a model: what is written is read, older forms too, and damage is named.</summary>
public sealed class CnnModelFileTests
{
    private const string Architecture = "lenet5_relu";

    [Fact]
    public void LoadBlock_Saved_GivesBackColumns()
    {
        DataViewType[] types =
        [
            new ImageDataViewType(), new ImageDataViewType(28, 30), new VectorDataViewType(NumberDataViewType.Byte),
            new VectorDataViewType(NumberDataViewType.Byte, 28, 28, 1),
        ];
        foreach (DataViewType type in types)
            Assert.Equal(Columns(type), Load(Save(type)).Columns);
    }

    /// <summary>Precision 2 was once the machine's fastest.</summary>
    [Theory]
    [InlineData(0, CnnPrecision.Float32)]
    [InlineData(1, CnnPrecision.BFloat16)]
    [InlineData(2, CnnPrecision.Float32)]
    public void LoadBlock_Version3_ScoresBadImagesAsMissing(int storedPrecision, CnnPrecision precision)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(3);
        writer.Write(Architecture);
        writer.Write(false);
        writer.Write(0f);
        foreach (int value in new[] { 2, 28, 28, 1 }) // classes, image
            writer.Write(value);
        writer.Write(true);
        writer.Write((int)ImageFit.Stretch);
        writer.Write(1f);
        writer.Write(0f);
        foreach (int value in new[] { storedPrecision, 28, 28, (int)TestCrops.Center })
            writer.Write(value);
        foreach (string name in new[] { "F", "S", "P" })
            writer.Write(name);
        foreach (int value in new[] { (int)PixelLayout.Interleaved, 28, 28, 1 })
            writer.Write(value);
        writer.Write(""); // labels without values
        (CnnClassificationModel model, ScoringColumns columns, LabelValues labels) = Load(stream.ToArray());
        var format = new PixelVectorFormat(PixelLayout.Interleaved, 28, 28, 1);
        Assert.Equal(new ScoringColumns("F", new VectorDataViewType(NumberDataViewType.Single), "S", "P", format,
            BadImageScoring.ScoreAsMissing), columns);
        Assert.Equal((Architecture, true, 2), (model.Architecture.Name, model.TakesFloats, labels.Count));
        Assert.Equal(precision, model.Precision);
        Assert.Same(DecisionRule.None, model.Decision);
    }

    /// <summary>
    /// The file was written by the last program before decisions: train on gray bars that lie (a) or stand (b), lenet1,
    /// 28x28x1. The scores are those that it gave.
    /// </summary>
    [Fact]
    public void Load_FileOfVersion6_ScoresAsWhenItWasSaved()
    {
        var mlContext = new MLContext();
        ITransformer loaded = mlContext.Model.Load(Path.Combine(GoldenFiles.Folder, "models", "version6.zip"), out _);
        using CnnClassificationTransformer network = CnnClassificationTransformer.From(loaded);
        using var files = new ImageFiles();
        string[] paths = [files.Save("lying.png", Bar((_, y) => y is >= 7 and <= 9)),
            files.Save("standing.png", Bar((x, _) => x is >= 11 and <= 13))];
        float[][] scores = [.. loaded.Transform(mlContext.Data.LoadFromEnumerable(paths.Select(p => new LabeledImage { ImagePath = p })))
            .GetColumn<float[]>("Score")];
        Assert.Equal(0.626865804, scores[0][0], 1e-5);
        Assert.Equal(0.593207657, scores[1][1], 1e-5);
        Assert.Same(DecisionRule.None, network.Decision);
        Assert.Empty(network.Model.TrainingShares);

        static MLImage Bar(Func<int, int, bool> isInside) => ImageFiles.Make(28, 28, (x, y) =>
        {
            byte gray = (byte)(isInside(x, y) ? 220 : 10);
            return (gray, gray, gray, 255);
        });
    }

    [Fact]
    public void LoadBlock_NormalizationNotFinite_IsRefused()
    {
        byte[] bad = Save(new ImageDataViewType(), scale: float.NaN);
        Assert.Contains("normalization is not finite", Assert.Throws<InvalidDataException>(() => Load(bad)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void LoadBlock_AnyByteChangedOrCut_LoadsOrSaysWhatIsDamaged()
    {
        byte[] good = Save(new VectorDataViewType(NumberDataViewType.Byte, 28, 28, 1));
        int refused = 0;
        for (int i = 0; i < good.Length; i++)
        {
            Assert.Contains("it is truncated", Assert.Throws<InvalidDataException>(() => Load(good[..i])).Message,
                StringComparison.Ordinal);
            foreach (byte value in new byte[] { 0, 0x7F, 0x80, 0xFF })
            {
                byte[] bad = [.. good];
                bad[i] = value;
                long before = GC.GetAllocatedBytesForCurrentThread();
                if (Record.Exception(() => Load(bad)) is { } error)
                {
                    Assert.IsType<InvalidDataException>(error);
                    Assert.StartsWith("The CNN model cannot be loaded: ", error.Message, StringComparison.Ordinal);
                    refused++;
                }
                Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
            }
        }
        Assert.InRange(refused, good.Length, 4 * good.Length);
    }

    private static ScoringColumns Columns(DataViewType type) =>
        new("F", type, "S", "P", new PixelVectorFormat(PixelLayout.Planar, 1, 2, 3), BadImageScoring.Throw);

    private static byte[] Save(DataViewType type, float scale = 1)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        CnnArchitecture architecture = CnnArchitectures.All.Single(a => a.Name == Architecture);
        using var weights = new VariableStore();
        CnnModelFile.SaveHeader(writer, new CnnClassificationModel(
            architecture, new ImageShape(28, 28, 1), 2, new PixelNormalization([scale], [0]), weights));
        CnnModelFile.SaveColumns(writer, Columns(type));
        writer.Write("String");
        writer.Write("cat");
        writer.Write("dog");
        return stream.ToArray();
    }

    private static (CnnClassificationModel Model, ScoringColumns Columns, LabelValues Labels) Load(byte[] block)
    {
        using var reader = new BinaryReader(new MemoryStream(block));
        return CnnModelFile.LoadBlock(reader);
    }
}
