using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

public class ChainTests
{
    private readonly MLContext _context = new(1);

    [Fact]
    public void Fit_ShapeErrorAtTheEnd_ComesBeforeAnyTraining()
    {
        var first = new ExternalScaleEstimator("Y", "X", 2);
        EstimatorChain<ExternalScaleTransformer> chain = first.Append(new ExternalScaleEstimator("Z", "nope", 3));
        var ex = Assert.Throws<ArgumentOutOfRangeException>(() => chain.Fit(View()));
        Assert.Equal("Could not find input column 'nope' (Parameter 'inputSchema')", ex.Message);
        Assert.Equal(0, first.Fits);
    }

    [Fact]
    public void Fit_ChainOfThree_EachSeesTheOneBefore()
    {
        TransformerChain<ExternalScaleTransformer> model = Pipeline().Fit(View());
        IDataView result = model.Transform(View());
        Assert.Equal(["X", "Y", "Z", "Z"], result.Schema.Select(c => c.Name));
        Assert.Equal([30f, 60f], result.GetColumn<float>("Z"));
        Assert.Equal(3, model.Count());
        Assert.Same(model.Last(), model.LastTransformer);
        Assert.Equal(result.Schema.Select(c => c.ToString()), model.GetOutputSchema(View().Schema).Select(c => c.ToString()));
    }

    [Fact]
    public void RowToRowMapper_OfChain_MapsOneRowAndNamesDependencies()
    {
        ITransformer model = Pipeline().Fit(View());
        IDataView view = View();
        IRowToRowMapper mapper = model.GetRowToRowMapper(view.Schema);
        Assert.Equal(["X"], mapper.GetDependencies([mapper.OutputSchema["Z"]]).Select(c => c.Name));
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        using DataViewRow row = mapper.GetRow(cursor, [mapper.OutputSchema["Z"]]);
        ValueGetter<float> getter = row.GetGetter<float>(mapper.OutputSchema["Z"]);
        var values = new List<float>();
        while (cursor.MoveNext())
        {
            float value = 0;
            getter(ref value);
            values.Add(value);
        }
        Assert.Equal([30f, 60f], values);
    }

    [Fact]
    public void Transform_TrainingScope_IsLeftOutOfScoring()
    {
        TransformerChain<ExternalScaleTransformer> model = new EstimatorChain<ITransformer>()
            .Append(new ExternalScaleEstimator("L", "X", 2), TransformerScope.TrainTest)
            .Append(new ExternalScaleEstimator("Y", "X", 3))
            .Fit(View());
        Assert.Equal(["X", "Y"], model.Transform(View()).Schema.Select(c => c.Name));
        Assert.Equal(["X", "L", "Y"], model.Transform(View(), TransformerScope.Training).Schema.Select(c => c.Name));
        Assert.Equal(2, model.GetModelFor(TransformerScope.Testing).Count());
        Assert.Single(model.GetModelFor(TransformerScope.Scoring));
    }

    [Fact]
    public void AppendCacheCheckpoint_SourceIsReadOnceAfterIt()
    {
        int reads = 0;
        IDataView view = _context.Data.LoadFromEnumerable(Counted());
        var reader = new ReadingEstimator();
        new ExternalScaleEstimator("Y", "X", 2).AppendCacheCheckpoint(_context).Append(reader).Append(new ReadingEstimator()).Fit(view);
        Assert.Equal(2, reader.Rows);
        Assert.Equal(1, reads);

        IEnumerable<CursorTests.Number> Counted()
        {
            reads++;
            yield return new CursorTests.Number { X = 1 };
            yield return new CursorTests.Number { X = 2 };
        }
    }

    [Fact]
    public void WithOnFitDelegate_GetsTheTransformer()
    {
        ExternalScaleTransformer? made = null;
        ExternalScaleTransformer fitted = new ExternalScaleEstimator("Y", "X", 2).WithOnFitDelegate(t => made = t).Fit(View());
        Assert.Same(fitted, made);
    }

    [Fact]
    public void Dispose_Chain_DisposesItsTransformers()
    {
        TransformerChain<ExternalScaleTransformer> model = Pipeline().Fit(View());
        model.Dispose();
        Assert.All(model, t => Assert.True(((ExternalScaleTransformer)t).IsDisposed));
    }

    private static EstimatorChain<ExternalScaleTransformer> Pipeline() =>
        new ExternalScaleEstimator("Y", "X", 2).Append(new ExternalScaleEstimator("Z", "Y", 5)).Append(new ExternalScaleEstimator("Z", "Z", 3));

    private IDataView View() => _context.Data.LoadFromEnumerable([new CursorTests.Number { X = 1 }, new CursorTests.Number { X = 2 }]);

    [Fact]
    public void Fit_ShapesOfColumns_SayKindItemTypeAndKeyButNotSize()
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("K", TextDataViewType.Instance);
        builder.AddColumn("K", new KeyDataViewType(typeof(ushort), 3));
        builder.AddColumn("V", new VectorDataViewType(NumberDataViewType.Single, 4));
        builder.AddColumn("U", new VectorDataViewType(TextDataViewType.Instance));
        var view = new EmptyView(builder.ToSchema());
        var estimator = new ShapeReader();
        new EstimatorChain<ITransformer>().Append(estimator).Fit(view);
        Assert.Equal(
            ["K Scalar UInt16 True", "V Vector Single False", "U VariableVector String False"],
            estimator.Shape!.Select(c => $"{c.Name} {c.Kind} {c.ItemType} {c.IsKey}"));
    }

    private sealed class ShapeReader : IEstimator<ExternalScaleTransformer>
    {
        public SchemaShape? Shape { get; private set; }

        public ExternalScaleTransformer Fit(IDataView input) => new("Y", "X", 1);

        public SchemaShape GetOutputSchema(SchemaShape inputSchema) => Shape = inputSchema;
    }

    private sealed class EmptyView(DataViewSchema schema) : IDataView
    {
        public bool CanShuffle => false;

        public DataViewSchema Schema => schema;

        public long? GetRowCount() => 0;

        public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) => throw new InvalidOperationException();

        public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) => [];
    }

    /// <summary>Reads its input twice when it is fitted.</summary>
    private sealed class ReadingEstimator : IEstimator<ExternalScaleTransformer>
    {
        public int Rows { get; private set; }

        public ExternalScaleTransformer Fit(IDataView input)
        {
            for (int pass = 0; pass < 2; pass++)
                Rows = input.GetColumn<float>("Y").Count();
            return new ExternalScaleTransformer("R", "Y", 1);
        }

        public SchemaShape GetOutputSchema(SchemaShape inputSchema) => new ExternalScaleEstimator("R", "Y", 1).GetOutputSchema(inputSchema);
    }
}
