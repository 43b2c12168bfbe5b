using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>Which layer's output becomes a vector, and how.</summary>
internal sealed record FeatureOutput(string? Layer, FeaturePooling Pooling)
{
    /// <summary>The graph that computes it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The network has no such layer.</exception>
    public ClassificationGraph BuildGraph(CnnClassificationModel model) =>
        model.Graphs.Features(Layer, Pooling == FeaturePooling.Average);

    /// <summary>Writes it.</summary>
    public void Save(BinaryWriter writer)
    {
        writer.Write(Layer ?? "");
        writer.Write((int)Pooling);
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <exception cref="ArgumentException">The network has no such layer, or the pooling is unknown.</exception>
    public static FeatureOutput Load(BinaryReader reader, CnnClassificationModel model)
    {
        string layer = reader.ReadString();
        var output = new FeatureOutput(layer.Length == 0 ? null : layer, (FeaturePooling)reader.ReadInt32());
        OptionRange.RequireDefined(output.Pooling, "The pooling");
        output.BuildGraph(model);
        return output;
    }
}

/// <summary>A featurizing transformer bound to one input schema: adds its vector behind the input's columns.</summary>
internal sealed class FeatureMapper(CnnFeaturizingTransformer transformer, DataViewSchema input)
    : NetworkMapper(input, transformer.BindFeature(input))
{
    public override DataViewSchema OutputSchema { get; } = Build(input, transformer);
    public override IRowScorer Scorer => transformer.Scorer;
    public override ICanSaveModel Transformer => transformer;

    public override void ReportBadImage(long position, string problem) => transformer.ReportBadImage(position, problem);

    public override Delegate CreateGetter(int column, RowValues values) => Vector(values);

    /// <summary>Finds and checks the column of images.</summary>
    public static FeatureColumn Bind(DataViewSchema schema, ScoringColumns columns, CnnClassificationModel model)
    {
        FeatureColumn feature = FeatureColumn.Bind(schema, columns.Feature, columns.Format, model.Image);
        if (feature.HoldsFloats == model.TakesFloats)
            return feature;
        string expected = model.TakesFloats ? "known-size vector of Single" : "Image or vector of Byte";
        throw Contracts.ExceptSchemaMismatch("inputSchema", "feature", columns.Feature, $"{expected}, as in training",
            feature.Column.Type.ToString());
    }

    private static DataViewSchema Build(DataViewSchema input, CnnFeaturizingTransformer transformer)
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(input);
        builder.AddColumn(transformer.OutputColumnName, new VectorDataViewType(NumberDataViewType.Single,
            transformer.FeatureCount));
        return builder.ToSchema();
    }
}
