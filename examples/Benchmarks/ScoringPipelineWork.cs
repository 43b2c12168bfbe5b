using Microsoft.ML;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.Data;

namespace Benchmarks;

/// <summary>Rows of pixels through a trained transformer, the Score column read row by row.</summary>
internal sealed class ScoringPipelineWork : NetworkWork
{
    private const int Rows = 2048;
    private readonly IDataView _rows;
    private readonly CnnClassificationTransformer _model;

    private sealed class PixelRow
    {
        public float[] Features { get; set; } = [];

        public uint Label { get; set; }
    }

    public ScoringPipelineWork(BenchmarkNetwork network, WorkRequest request) : base(network, request)
    {
        ImageShape image = network.Architecture.DefaultInput;
        int batch = request.Batch, values = Images[0].Length / batch;
        var rows = new PixelRow[Rows];
        for (int i = 0; i < Rows; i++)
        {
            float[] source = Images[i / batch % Images.Length];
            rows[i] = new PixelRow
                { Features = source.AsSpan(i % batch * values, values).ToArray(), Label = (uint)(i % network.Classes) };
        }
        var mlContext = new MLContext(seed: 1);
        var schema = SchemaDefinition.Create(typeof(PixelRow));
        schema[nameof(PixelRow.Features)].ColumnType =
            new VectorDataViewType(NumberDataViewType.Single, image.Height, image.Width, image.Channels);
        schema[nameof(PixelRow.Label)].ColumnType = new KeyDataViewType(typeof(uint), network.Classes);
        _rows = mlContext.Data.LoadFromEnumerable(rows, schema);
        var options = new CnnClassificationTrainer.Options
            { Architecture = network.Architecture, Epochs = 1, BatchSize = batch, Precision = CnnPrecision.Float32 };
        _model = mlContext.MulticlassClassification.Trainers.CnnClassification(options)
            .Fit(mlContext.Data.TakeRows(_rows, 2 * network.Classes * batch));
    }

    public override int Run()
    {
        IDataView scored = _model.Transform(_rows);
        DataViewSchema.Column column = scored.Schema["Score"];
        VBuffer<float> scores = default;
        int count = 0;
        using DataViewRowCursor cursor = scored.GetRowCursor([column]);
        ValueGetter<VBuffer<float>> read = cursor.GetGetter<VBuffer<float>>(column);
        for (; cursor.MoveNext(); count++)
            read(ref scores);
        return count;
    }

    public override void Dispose() => _model.Dispose();
}
