using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>The added columns: annotations for every type of label, rows in step with their scores.</summary>
public class ScoreColumnTests
{
    // LoadFromEnumerable counts the values of a KeyType member from 0: 0 is the first key, 3 of 3 is missing.
    private sealed class TypedRow<T>
    {
        public T Label { get; set; } = default!;
        [VectorType(16, 16)]
        public float[] Pixels { get; set; } = new float[256];
    }

    private sealed class KeyRow
    {
        [KeyType(3)]
        public uint Label { get; set; }
        [VectorType(16, 16)]
        public float[] Pixels { get; set; } = new float[256];
    }

    private sealed class SmallKeyRow
    {
        [KeyType(3)]
        public byte Label { get; set; }
        [VectorType(16, 16)]
        public float[] Pixels { get; set; } = new float[256];
    }

    private sealed class LargeKeyRow
    {
        [KeyType(3)]
        public ulong Label { get; set; }
        [VectorType(16, 16)]
        public float[] Pixels { get; set; } = new float[256];
    }

    private sealed class ColorRow
    {
        [KeyType(2)]
        public uint Label { get; set; }
        [VectorType(3, 16, 20)]
        public byte[] Planar { get; set; } = [];
        [VectorType(16, 20, 3)]
        public byte[] Interleaved { get; set; } = [];
        [VectorType(960)]
        public byte[] Flat { get; set; } = [];
    }

    [Fact]
    public void Fit_KeysOfAnyWidth_GiveTheSameNetwork()
    {
        var mlContext = new MLContext(1);
        IDataView[] forms =
        [
            mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, 9)
                .Select(i => new KeyRow { Label = (uint)(i % 3), Pixels = Pattern(i % 3) })),
            mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, 9)
                .Select(i => new SmallKeyRow { Label = (byte)(i % 3), Pixels = Pattern(i % 3) })),
            mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, 9)
                .Select(i => new LargeKeyRow { Label = (ulong)(i % 3), Pixels = Pattern(i % 3) })),
        ];
        float[][][] scores = Array.ConvertAll(forms, f =>
        {
            using CnnClassificationTransformer model = Train(mlContext, f);
            return DigitRows.Scores(model.Transform(f));
        });
        Assert.Equal(scores[0], scores[1]);
        Assert.Equal(scores[0], scores[2]);
    }

    [Fact]
    public void Fit_PlanarInterleavedAndFlatColors_AreReadByTheirDimensions()
    {
        var mlContext = new MLContext(1);
        var random = new Random(1);
        ColorRow[] rows = [.. Enumerable.Range(0, 8).Select(i =>
        {
            var planar = new byte[960];
            random.NextBytes(planar);
            byte[] interleaved = [.. Enumerable.Range(0, 960).Select(k => planar[((k % 3) * 320) + (k / 3)])];
            return new ColorRow
            {
                Label = (uint)(i % 2),
                Planar = planar,
                Interleaved = interleaved,
                Flat = interleaved,
            };
        })];
        IDataView view = mlContext.Data.LoadFromEnumerable(rows);
        float[][] Scores(string column, PixelLayout layout, int height, int width)
        {
            CnnClassificationTrainer.Options options = DigitRows.Options(1);
            (options.FeatureColumnName, options.PixelLayout, options.ImageHeight, options.ImageWidth) =
                (column, layout, height, width);
            options.NetworkInput = new CnnZoo.ImageShape(16, 20, 3);
            using CnnClassificationTransformer model =
                mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(view);
            return DigitRows.Scores(model.Transform(view));
        }
        float[][] planar = Scores("Planar", PixelLayout.Auto, 0, 0);
        Assert.Equal(planar, Scores("Interleaved", PixelLayout.Auto, 0, 0));
        Assert.Equal(planar, Scores("Flat", PixelLayout.Interleaved, 16, 20));
        Assert.NotEqual(planar, Scores("Flat", PixelLayout.Planar, 16, 20));
    }

    [Fact]
    public void Annotations_TextLabel_AreMLNetsOwn()
    {
        DataViewSchema schema = ScoredSchema(["b", "a", "c"]);
        DataViewSchema.Column label = schema["PredictedLabel"], score = schema["Score"];
        Assert.Equal("Key<UInt32, 0-2>", label.Type.ToString());
        Assert.Equal("Vector<Single, 3>", score.Type.ToString());
        Assert.Equal(["b", "a", "c"], Texts(label, "KeyValues"));
        Assert.Equal(["b", "a", "c"], Texts(score, "SlotNames"));
        Assert.Equal(["b", "a", "c"], Texts(score, "TrainingLabelValues"));
        Assert.Equal(("MulticlassClassification", "PredictedLabel"),
            (Text(label, "ScoreColumnKind"), Text(label, "ScoreValueKind")));
        Assert.Equal(("MulticlassClassification", "Score"),
            (Text(score, "ScoreColumnKind"), Text(score, "ScoreValueKind")));
        Assert.Equal("Key<UInt32, 0-2147483646>", score.Annotations.Schema["ScoreColumnSetId"].Type.ToString());
        Assert.Equal((1u, 1u), (SetId(label), SetId(score)));
        Assert.Equal(["ScoreColumnKind", "ScoreColumnSetId", "ScoreValueKind", "TrainingLabelValues", "SlotNames"],
            score.Annotations.Schema.Select(c => c.Name));
    }

    [Fact]
    public void Annotations_NumericLabels_KeepTheirTypeAndNameTheSlots()
    {
        DataViewSchema ints = ScoredSchema([5, 0, -1]);
        Assert.Equal([5, 0, -1], Values<int>(ints["Score"], "TrainingLabelValues"));
        Assert.Equal([5, 0, -1], Values<int>(ints["PredictedLabel"], "KeyValues"));
        Assert.Equal(["5", "0", "-1"], Texts(ints["Score"], "SlotNames"));
        Assert.Equal(["1.5", "-2"], Texts(ScoredSchema([1.5f, -2f])["Score"], "SlotNames"));
        Assert.Equal(["True", "False"], Texts(ScoredSchema([true, false])["Score"], "SlotNames"));
    }

    [Fact]
    public void Annotations_KeyWithoutValues_NumbersTheSlots()
    {
        var mlContext = new MLContext(1);
        IDataView rows = mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, 9)
            .Select(i => new KeyRow { Label = (uint)(i % 3), Pixels = Pattern(i % 3) }));
        using CnnClassificationTransformer model = Train(mlContext, rows);
        DataViewSchema schema = model.GetOutputSchema(rows.Schema);
        Assert.Null(schema["PredictedLabel"].Annotations.Schema.GetColumnOrNull("KeyValues"));
        Assert.Equal(["0", "1", "2"], Texts(schema["Score"], "SlotNames"));
    }

    [Fact]
    public void Annotations_TwoScoreSets_HaveDifferentIds()
    {
        var mlContext = new MLContext(1);
        IDataView keyed = Keyed(mlContext, ["b", "a"]);
        using CnnClassificationTransformer first = Train(mlContext, keyed), second = Train(mlContext, keyed);
        DataViewSchema twice = second.Transform(first.Transform(keyed)).Schema;
        Assert.Equal(2u, SetId(twice["Score"]));
    }

    [Fact]
    public void SaveAndLoad_NumericLabels_KeepTheirType()
    {
        var mlContext = new MLContext(1);
        IDataView keyed = Keyed(mlContext, [50L, -7L]);
        using CnnClassificationTransformer model = Train(mlContext, keyed);
        using var file = new MemoryStream();
        mlContext.Model.Save(model, keyed.Schema, file);
        file.Position = 0;
        using var loaded = (CnnClassificationTransformer)new MLContext().Model.Load(file, out _);
        Assert.Equal([50L, -7L], Values<long>(loaded.GetOutputSchema(keyed.Schema)["PredictedLabel"], "KeyValues"));
        Assert.Equal(DigitRows.Scores(model.Transform(keyed)), DigitRows.Scores(loaded.Transform(keyed)));
    }

    [Fact]
    public void Cursor_PassThroughColumns_StayInStep()
    {
        const int Rows = 150; // two batches and a part
        (MLContext mlContext, ITransformer model) = TrainedOnDigits();
        IDataView scored = model.Transform(mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, Rows)));
        float[][] scores = DigitRows.Scores(scored);
        using DataViewRowCursor cursor = scored.GetRowCursor(
            [scored.Schema["Number"], scored.Schema["Pixels"], scored.Schema["Score"], scored.Schema["Label"]]);
        var number = cursor.GetGetter<int>(scored.Schema["Number"]);
        var pixels = cursor.GetGetter<VBuffer<float>>(scored.Schema["Pixels"]);
        var score = cursor.GetGetter<VBuffer<float>>(scored.Schema["Score"]);
        var id = cursor.GetIdGetter();
        var ids = new HashSet<DataViewRowId>();
        int seen = 0, value = 0;
        VBuffer<float> image = default, row = default;
        DataViewRowId rowId = default;
        Assert.Equal(-1, cursor.Position);
        while (cursor.MoveNext())
        {
            number(ref value);
            pixels(ref image);
            score(ref row);
            id(ref rowId);
            Assert.Equal((seen, seen), (cursor.Position, value));
            Assert.Equal(DigitRows.Pixels(seen).Pixels, image.DenseValues());
            Assert.Equal(scores[seen++], row.DenseValues());
            Assert.True(ids.Add(rowId));
        }
        Assert.Equal((Rows, -1), (seen, cursor.Position));
        Assert.False(cursor.MoveNext());
    }

    [Fact]
    public void Cursor_ScoreNotAsked_DoesNotScore()
    {
        var mlContext = new MLContext(1);
        IDataView keyed = Keyed(mlContext, ["b", "a"]);
        using CnnClassificationTransformer model = Train(mlContext, keyed);
        IDataView scored = model.Transform(keyed);
        using DataViewRowCursor cursor = scored.GetRowCursor([scored.Schema["Pixels"]]);
        Assert.False(cursor.IsColumnActive(scored.Schema["Score"]));
        var error = Assert.Throws<ArgumentOutOfRangeException>(
            () => cursor.GetGetter<VBuffer<float>>(scored.Schema["Score"]));
        Assert.Contains("not active", error.Message, StringComparison.Ordinal);
        model.Dispose(); // a cursor that scored would throw
        Assert.True(cursor.MoveNext());
    }

    [Fact]
    public void Cursor_WrongGetterType_SaysTheExpectedOne()
    {
        (MLContext mlContext, ITransformer model) = TrainedOnDigits();
        IDataView scored = model.Transform(mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 5)));
        using DataViewRowCursor cursor = scored.GetRowCursor([scored.Schema["Score"]]);
        var error = Assert.Throws<InvalidOperationException>(() => cursor.GetGetter<float>(scored.Schema["Score"]));
        Assert.Contains("expected type", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Transform_ImagesPassThrough_AreThoseOfTheirRows()
    {
        var mlContext = new MLContext(1);
        ImageRow[] rows = [.. DigitRows.Images(0, 40)];
        ITransformer model = DigitRows.Pipeline(mlContext, DigitRows.Options(1))
            .Fit(mlContext.Data.LoadFromEnumerable(rows));
        IDataView scored = model.Transform(mlContext.Data.LoadFromEnumerable(rows));
        float[][] batched = DigitRows.Scores(scored);
        using DataViewRowCursor cursor = scored.GetRowCursor([scored.Schema["Pixels"], scored.Schema["Score"]]);
        var image = cursor.GetGetter<MLImage>(scored.Schema["Pixels"]);
        var score = cursor.GetGetter<VBuffer<float>>(scored.Schema["Score"]);
        MLImage value = null!;
        VBuffer<float> row = default;
        for (int i = 0; cursor.MoveNext(); i++)
        {
            score(ref row);
            image(ref value);
            Assert.Equal(Digits.Pixels(i)[400], value.Pixels[1600]);
            for (int c = 0; c < row.Length; c++)
                Assert.Equal(batched[i][c], row.DenseValues().ElementAt(c), 1e-5f);
        }
    }

    private static (MLContext Context, ITransformer Model) TrainedOnDigits()
    {
        var mlContext = new MLContext(1);
        IDataView digits = mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 60));
        return (mlContext, DigitRows.Pipeline(mlContext, DigitRows.Options(1)).Fit(digits));
    }

    private static DataViewSchema ScoredSchema<T>(T[] classes)
    {
        var mlContext = new MLContext(1);
        IDataView keyed = Keyed(mlContext, classes);
        using CnnClassificationTransformer model = Train(mlContext, keyed);
        return model.GetOutputSchema(keyed.Schema);
    }

    private static IDataView Keyed<T>(MLContext mlContext, T[] classes)
    {
        int count = classes.Length;
        IDataView rows = mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, 4 * count)
            .Select(i => new TypedRow<T> { Label = classes[i % count], Pixels = Pattern(i % count) }));
        return mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(rows).Transform(rows);
    }

    private static CnnClassificationTransformer Train(MLContext mlContext, IDataView rows) =>
        mlContext.MulticlassClassification.Trainers.CnnClassification(DigitRows.Options(1)).Fit(rows);

    private static float[] Pattern(int number) =>
        [.. Enumerable.Range(0, 256).Select(i => (float)((i * (number + 1)) % 7))];

    private static string[] Texts(DataViewSchema.Column column, string kind) =>
        [.. Values<ReadOnlyMemory<char>>(column, kind).Select(t => t.ToString())];

    private static T[] Values<T>(DataViewSchema.Column column, string kind)
    {
        VBuffer<T> values = default;
        column.Annotations.GetValue(kind, ref values);
        return [.. values.DenseValues()];
    }

    private static string Text(DataViewSchema.Column column, string kind)
    {
        ReadOnlyMemory<char> text = default;
        column.Annotations.GetValue(kind, ref text);
        return text.ToString();
    }

    private static uint SetId(DataViewSchema.Column column)
    {
        uint id = 0;
        column.Annotations.GetValue("ScoreColumnSetId", ref id);
        return id;
    }
}
