using Microsoft.ML.Data;
using Microsoft.ML.Model.OnnxConverter;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>
/// Lazy view of scored rows. Rows are scored many at a time where the columns that pass through are values that may be
/// kept (numbers, text, keys, vectors): those are held for the rows of a batch. Where an image passes through (it
/// belongs to the source's cursor and lives for one row only) rows are scored one by one. What ML.NET converts to ONNX is
/// a chain of such views.
/// </summary>
internal sealed class ScoredView(IDataView source, NetworkMapper mapper) : ITransformCanSaveOnnx
{
    public IDataView Source => source;
    public bool CanShuffle => source.CanShuffle;
    public DataViewSchema Schema => mapper.OutputSchema;
    public long? GetRowCount() => source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        mapper.Scorer.CheckAlive();
        DataViewSchema.Column[] needed = [.. columnsNeeded];
        DataViewRowCursor input = RowByRow.Open(source, mapper.GetDependencies(needed), rand);
        bool scores = needed.Any(c => c.Index >= mapper.FirstAdded);
        bool keepable = needed.Where(c => c.Index < mapper.FirstAdded)
            .All(c => c.Type is PrimitiveDataViewType or VectorDataViewType);
        return scores && keepable && mapper.Scorer.RowsPerBatch > 1
            ? new BatchedCursor(input, mapper, needed) : new SingleRowCursor(input, mapper, needed);
    }

    /// <summary>Throws where it cannot: ML.NET would only say that some step cannot.</summary>
    bool ICanSaveOnnx.CanSaveOnnx(OnnxContext ctx)
    {
        OnnxStep.Check(ctx, mapper, source);
        return true;
    }

    void ISaveAsOnnx.SaveAsOnnx(OnnxContext ctx) => OnnxStep.Save(ctx, (ScoreMapper)mapper);
    void ICanSaveModel.Save(ModelSaveContext ctx) => mapper.Transformer.Save(ctx);

    /// <summary>One cursor, whatever was asked for: the network itself runs on all threads.</summary>
    public DataViewRowCursor[] GetRowCursorSet(
        IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) => [GetRowCursor(columnsNeeded, rand)];
}

/// <summary>Scores each row when it is asked for.</summary>
internal sealed class SingleRowCursor(DataViewRowCursor input, NetworkMapper mapper, DataViewSchema.Column[] needed)
    : DataViewRowCursor
{
    private readonly ScoredRow _row = new(input, mapper, needed);

    public override DataViewSchema Schema => _row.Schema;
    public override long Position => input.Position;
    public override long Batch => input.Batch;
    public override bool MoveNext() => input.MoveNext();
    public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();
    public override bool IsColumnActive(DataViewSchema.Column column) => _row.IsColumnActive(column);
    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
        _row.GetGetter<TValue>(column);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _row.Dispose();
        base.Dispose(disposing);
    }
}
