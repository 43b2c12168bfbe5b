using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>Splits, shuffles, filters, Take, Skip and Cache; the expected rows were recorded on ML.NET 5.0.0.</summary>
public sealed class DataOperationsTests
{
    private readonly MLContext _context = new(1);

    [Theory]
    [InlineData(null, "2 10 12 13")]
    [InlineData(0, "8 15 17 18")]
    [InlineData(1, "2 10 12 13")]
    [InlineData(42, "5 6 18")]
    public void TrainTestSplit_TwentyRows_DrawsTheRecordedTestRows(int? seed, string testRows)
    {
        IDataView data = Numbers(20);
        DataOperationsCatalog.TrainTestData split = _context.Data.TrainTestSplit(data, 0.25, seed: seed);
        Assert.Equal(testRows, SchemaText.Of<float>(split.TestSet, "X"));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => (float)i).Except(split.TestSet.GetColumn<float>("X")), split.TrainSet.GetColumn<float>("X"));
        Assert.Equal("0:X:Single", SchemaText.Of(split.TestSet));
        Assert.Null(split.TestSet.GetRowCount());
    }

    [Fact]
    public void TrainTestSplit_UnseededContext_IsTheSameEveryTime() =>
        Assert.Equal("5 6 18", SchemaText.Of<float>(new MLContext().Data.TrainTestSplit(Numbers(20), 0.25).TestSet, "X"));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    public void TrainTestSplit_FractionOutOfRange_Throws(double fraction) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _context.Data.TrainTestSplit(Numbers(2), fraction));

    [Fact]
    public void TrainTestSplit_TextSamplingKey_DrawsTheRecordedTestRows()
    {
        IDataView data = Texts("b", "B", null!, "", "a", "b", "aa", "é", "Z", " ");
        DataOperationsCatalog.TrainTestData split = _context.Data.TrainTestSplit(data, 0.25, "S");
        Assert.Equal(["B", " "], split.TestSet.GetColumn<string>("S"));
        Assert.Equal(["b", "a", "b", "aa", "é", "Z"], split.TrainSet.GetColumn<string>("S"));
    }

    [Fact]
    public void TrainTestSplit_SamplingKey_KeepsEqualRowsTogether()
    {
        IDataView texts = Texts([.. Enumerable.Range(0, 300).Select(i => $"group {i % 30}")]);
        IDataView data = _context.Transforms.Conversion.MapValueToKey("K", "S").Fit(texts).Transform(texts);
        foreach (string column in new[] { "S", "N", "I", "K" })
        {
            DataOperationsCatalog.TrainTestData split = _context.Data.TrainTestSplit(data, 0.3, column);
            string[] test = [.. split.TestSet.GetColumn<string>("S")], train = [.. split.TrainSet.GetColumn<string>("S")];
            Assert.Equal(300, test.Length + train.Length);
            Assert.InRange(test.Length, 30, 150);
            Assert.Empty(test.Intersect(train));
        }
    }

    [Fact]
    public void TrainTestSplit_NumberAsSamplingKey_ScalesItToItsRange() =>
        Assert.Equal("0 1 2 3 4", SchemaText.Of<float>(_context.Data.TrainTestSplit(Numbers(21), 0.25, "X").TestSet, "X"));

    [Fact]
    public void TrainTestSplit_UnknownSamplingKey_Throws()
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => _context.Data.TrainTestSplit(Numbers(2), 0.5, "nope"));
        Assert.Equal("Could not find SamplingKeyColumn column 'nope' (Parameter 'samplingKeyColumn')", error.Message);
    }

    [Fact]
    public void CrossValidationSplit_FourFolds_DrawsTheRecordedRows()
    {
        IReadOnlyList<DataOperationsCatalog.TrainTestData> folds = _context.Data.CrossValidationSplit(Numbers(20), 4);
        Assert.Equal(
            ["2 10 12 13", "3 9 14 15 17 18 19", "5 11", "0 1 4 6 7 8 16"],
            folds.Select(fold => SchemaText.Of<float>(fold.TestSet, "X")));
        Assert.Equal([16, 13, 18, 13], folds.Select(fold => fold.TrainSet.GetColumn<float>("X").Count()));
        Assert.Throws<ArgumentOutOfRangeException>(() => _context.Data.CrossValidationSplit(Numbers(20), 1));
    }

    [Fact]
    public void ShuffleRows_Seed7_GivesTheRecordedOrderEveryTime()
    {
        IDataView shuffled = _context.Data.ShuffleRows(Numbers(20), seed: 7);
        const string Order = "19 17 1 13 15 4 2 3 9 8 5 11 10 12 14 16 18 7 0 6";
        Assert.Equal(Order, SchemaText.Of<float>(shuffled, "X"));
        Assert.Equal(Order, SchemaText.Of<float>(shuffled, "X"));
        Assert.True(shuffled.CanShuffle);
    }

    [Fact]
    public void ShuffleRows_NoSeed_IsTheSameAtEveryReading()
    {
        IDataView shuffled = _context.Data.ShuffleRows(Numbers(20));
        string first = SchemaText.Of<float>(shuffled, "X");
        Assert.Equal(first, SchemaText.Of<float>(shuffled, "X"));
        Assert.NotEqual(SchemaText.Of<float>(Numbers(20), "X"), first);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(20)]
    [InlineData(100)]
    public void ShuffleRows_AnyPool_ShowsEveryRowOnceWithItsId(int pool)
    {
        IDataView shuffled = _context.Data.ShuffleRows(Numbers(20), seed: 3, shufflePoolSize: pool);
        List<float> values = [];
        using DataViewRowCursor cursor = shuffled.GetRowCursor(shuffled.Schema);
        ValueGetter<float> getter = cursor.GetGetter<float>(shuffled.Schema["X"]);
        ValueGetter<DataViewRowId> idGetter = cursor.GetIdGetter();
        while (cursor.MoveNext())
        {
            float value = 0;
            DataViewRowId id = default;
            getter(ref value);
            idGetter(ref id);
            Assert.Equal((ulong)value, id.Low);
            Assert.Equal(values.Count, cursor.Position);
            values.Add(value);
        }
        Assert.Equal(Enumerable.Range(0, 20).Select(i => (float)i), values.Order());
        Assert.All(values.Select((value, i) => value - i), ahead => Assert.True(ahead < pool));
        Assert.Throws<ArgumentOutOfRangeException>(() => _context.Data.ShuffleRows(Numbers(2), shufflePoolSize: 0));
    }

    [Fact]
    public void TakeRowsAndSkipRows_GiveTheRecordedRows()
    {
        IDataView taken = _context.Data.TakeRows(Numbers(20), 3), skipped = _context.Data.SkipRows(Numbers(20), 17);
        Assert.Equal("0 1 2", SchemaText.Of<float>(taken, "X"));
        Assert.Equal("17 18 19", SchemaText.Of<float>(skipped, "X"));
        Assert.Null(taken.GetRowCount());
        Assert.Equal("", SchemaText.Of<float>(_context.Data.SkipRows(Numbers(20), 21), "X"));
        Assert.Throws<ArgumentOutOfRangeException>(() => _context.Data.TakeRows(Numbers(20), 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => _context.Data.SkipRows(Numbers(20), -1));
    }

    [Fact]
    public void FilterRowsByColumn_Range_ExcludesTheUpperBound()
    {
        Assert.Equal("5 6 7", SchemaText.Of<float>(_context.Data.FilterRowsByColumn(Numbers(20), "X", 5, 8), "X"));
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => _context.Data.FilterRowsByColumn(Texts("a"), "S", 0, 1));
        Assert.Equal("Schema mismatch for filter column 'S': expected a number, got String (Parameter 'columnName')", error.Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => _context.Data.FilterRowsByColumn(Texts("a"), "I", 0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => _context.Data.FilterRowsByColumn(Numbers(1), "X", 1, 1));
    }

    [Fact]
    public void FilterRowsByMissingValues_Nan_IsLeftOut()
    {
        IDataView data = _context.Data.LoadFromEnumerable(new[] { 3, float.NaN, 1, 3, -0f, 0, 2 }.Select(x => new NumberRow { X = x }).ToList());
        Assert.Equal("3 1 3 -0 0 2", SchemaText.Of<float>(_context.Data.FilterRowsByMissingValues(data, "X"), "X"));
        Assert.Throws<ArgumentOutOfRangeException>(() => _context.Data.FilterRowsByMissingValues(Texts("a"), "S"));
        Assert.Throws<ArgumentOutOfRangeException>(() => _context.Data.FilterRowsByMissingValues(data, "nope"));
    }

    [Fact]
    public void FilterRowsByMissingValues_KeysAndVectors_LooksAtEveryItem()
    {
        IDataView texts = Texts("a", "", "b");
        IDataView data = _context.Transforms.Conversion.MapValueToKey("K", "S").Fit(texts).Transform(texts);
        Assert.Equal("a b", SchemaText.Of<string>(_context.Data.FilterRowsByMissingValues(data, "K"), "S"));
        IDataView vectors = _context.Data.LoadFromEnumerable(new[] { new VectorRow { V = [1, float.NaN] }, new VectorRow { V = [1, 2] } });
        Assert.Single(_context.Data.FilterRowsByMissingValues(vectors, "V").GetColumn<float[]>("V"));
    }

    [Fact]
    public void FilterRowsByKeyColumnFraction_Half_KeepsTheFirstKeys()
    {
        IDataView texts = Texts("a", "b", "c", "d", "");
        IDataView data = _context.Transforms.Conversion.MapValueToKey("K", "S").Fit(texts).Transform(texts);
        Assert.Equal("a b", SchemaText.Of<string>(_context.Data.FilterRowsByKeyColumnFraction(data, "K", 0, 0.5), "S"));
        Assert.Equal("a b c d", SchemaText.Of<string>(_context.Data.FilterRowsByKeyColumnFraction(data, "K"), "S"));
        Assert.Throws<ArgumentOutOfRangeException>(() => _context.Data.FilterRowsByKeyColumnFraction(data, "S"));
    }

    [Fact]
    public void Cache_ReadTwice_ReadsTheSourceOnceAndThenKnowsItsRowCount()
    {
        int reads = 0;
        IDataView cached = _context.Data.Cache(_context.Data.LoadFromEnumerable(Enumerable.Range(0, 20).Select(i =>
        {
            reads++;
            return new NumberRow { X = i };
        })));
        Assert.True(cached.CanShuffle);
        Assert.Null(cached.GetRowCount());
        Assert.Equal(0, reads);
        for (int pass = 0; pass < 2; pass++)
            Assert.Equal(20, cached.GetColumn<float>("X").Count());
        Assert.Equal(20, reads);
        Assert.Equal(20, cached.GetRowCount());
        float[] shuffled = [.. Read(cached, new Random(3))];
        Assert.NotEqual(shuffled.Order(), shuffled);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => (float)i), shuffled.Order());
    }

    [Fact]
    public void Cache_ConsumerReusesItsBuffer_CachedVectorsStay()
    {
        IDataView cached = _context.Data.Cache(_context.Data.LoadFromEnumerable(new[] { new VectorRow { V = [1, 2] }, new VectorRow { V = [3, 4] } }), "V");
        Assert.Equal(2, cached.GetRowCount());
        using DataViewRowCursor cursor = cached.GetRowCursor(cached.Schema);
        ValueGetter<VBuffer<float>> getter = cursor.GetGetter<VBuffer<float>>(cached.Schema["V"]);
        VBuffer<float> vector = default;
        while (cursor.MoveNext())
        {
            getter(ref vector);
            VBufferEditor<float> editor = VBufferEditor.CreateFromBuffer(ref vector);
            editor.Values.Clear();
            vector = editor.Commit();
        }
        Assert.Equal([[1, 2], [3, 4]], cached.GetColumn<float[]>("V"));
        Assert.Throws<ArgumentOutOfRangeException>(() => _context.Data.Cache(cached, "nope"));
    }

    [Fact]
    public void Cursors_OfFiltersAndShuffles_RefuseInactiveColumnsAndStayAtTheEnd()
    {
        IDataView data = Texts("a", "b");
        IDataView[] views = [_context.Data.TakeRows(data, 1), _context.Data.ShuffleRows(data, 1), _context.Data.Cache(data), _context.Data.TrainTestSplit(data, 0.5).TrainSet];
        foreach (IDataView view in views)
        {
            using DataViewRowCursor cursor = view.GetRowCursor([view.Schema["S"]]);
            Assert.True(cursor.IsColumnActive(view.Schema["S"]));
            Assert.False(cursor.IsColumnActive(view.Schema["N"]));
            Assert.Throws<ArgumentOutOfRangeException>(() => cursor.GetGetter<float>(view.Schema["N"]));
            Assert.Throws<InvalidOperationException>(() => cursor.GetGetter<float>(view.Schema["S"]));
            Assert.Equal(-1, cursor.Position);
            while (cursor.MoveNext())
                Assert.True(cursor.Position >= 0);
            Assert.Equal(-1, cursor.Position);
            Assert.False(cursor.MoveNext());
            Assert.Single(view.GetRowCursorSet(view.Schema, 4));
        }
    }

    private static IEnumerable<float> Read(IDataView data, Random random)
    {
        using DataViewRowCursor cursor = data.GetRowCursor(data.Schema, random);
        ValueGetter<float> getter = cursor.GetGetter<float>(data.Schema["X"]);
        while (cursor.MoveNext())
        {
            float value = 0;
            getter(ref value);
            yield return value;
        }
    }

    private IDataView Numbers(int count) => _context.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(i => new NumberRow { X = i }).ToList());

    private IDataView Texts(params string[] values) =>
        _context.Data.LoadFromEnumerable(values.Select((value, i) => new TextRow { S = value, N = i % 30, I = i % 30 }).ToList());

    private sealed class NumberRow
    {
        public float X { get; set; }
    }

    private sealed class VectorRow
    {
        [VectorType(2)]
        public float[] V { get; set; } = [];
    }

    private sealed class TextRow
    {
        public string S { get; set; } = "";

        public float N { get; set; }

        public int I { get; set; }
    }
}
