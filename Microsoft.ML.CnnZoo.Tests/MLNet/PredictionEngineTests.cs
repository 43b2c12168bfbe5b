using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

public class PredictionEngineTests
{
    private readonly MLContext _context = new(1);

    [Fact]
    public void Predict_EachExample_GetsItsOwnResult()
    {
        using PredictionEngine<CursorTests.Number, Scaled> engine = _context.Model.CreatePredictionEngine<CursorTests.Number, Scaled>(Model());
        Assert.Equal([6f, -12f, 6f], new[] { 1f, -2f, 1f }.Select(x => engine.Predict(new CursorTests.Number { X = x }).Z));
        Assert.Equal(["X", "Y", "Z"], engine.OutputSchema.Select(c => c.Name));
        var old = new Scaled();
        Scaled result = old;
        engine.Predict(new CursorTests.Number { X = 3 }, ref result);
        Assert.Same(old, result);
        Assert.Equal(18, old.Z);
    }

    [Fact]
    public void Create_InputColumnMissing_Throws()
    {
        var ex = Assert.Throws<ArgumentOutOfRangeException>(() => _context.Model.CreatePredictionEngine<Scaled, Scaled>(Model()));
        Assert.Equal("Could not find input column 'X' (Parameter 'inputSchema')", ex.Message);
    }

    [Fact]
    public void Create_OutputColumnMissing_IgnoredByDefaultOnly()
    {
        using (PredictionEngine<CursorTests.Number, WithMissing> engine = _context.Model.CreatePredictionEngine<CursorTests.Number, WithMissing>(Model()))
            Assert.Null(engine.Predict(new CursorTests.Number { X = 1 }).Nope);
        var ex = Assert.Throws<ArgumentOutOfRangeException>(() => _context.Model.CreatePredictionEngine<CursorTests.Number, WithMissing>(Model(), ignoreMissingColumns: false));
        Assert.Equal("Could not find  column 'Nope' (Parameter 'Schema')", ex.Message);
    }

    [Fact]
    public void Dispose_Engine_DisposesTheTransformerUnlessNotOwned()
    {
        var owned = new ExternalScaleTransformer("Z", "X", 1);
        _context.Model.CreatePredictionEngine<CursorTests.Number, Scaled>(owned).Dispose();
        Assert.True(owned.IsDisposed);
        var kept = new ExternalScaleTransformer("Z", "X", 1);
        _context.Model.CreatePredictionEngine<CursorTests.Number, Scaled>(kept, new PredictionEngineOptions { OwnsTransformer = false }).Dispose();
        Assert.False(kept.IsDisposed);
    }

    [Fact]
    public void Create_WithInputSchema_TakesItsTypes()
    {
        IDataView data = _context.Data.LoadFromEnumerable([new CursorTests.Number { X = 1 }]);
        using PredictionEngine<CursorTests.Number, Scaled> engine = _context.Model.CreatePredictionEngine<CursorTests.Number, Scaled>(Model(), data.Schema);
        Assert.Equal(6, engine.Predict(new CursorTests.Number { X = 1 }).Z);
    }

    private static TransformerChain<ExternalScaleTransformer> Model() =>
        new ExternalScaleTransformer("Y", "X", 2).Append(new ExternalScaleTransformer("Z", "Y", 3));

    public sealed class Scaled
    {
        public float Z { get; set; }
    }

    public sealed class WithMissing
    {
        public float Z { get; set; }

        public string? Nope { get; set; }
    }
}
