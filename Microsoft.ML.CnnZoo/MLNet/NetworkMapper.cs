using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>What the network gives for the present row; NaN where its image is bad.</summary>
internal delegate ReadOnlySpan<float> RowValues();

/// <summary>
/// A network bound to one input schema: adds columns behind the input's, made of what the network gives for a row's
/// image.
/// </summary>
internal abstract class NetworkMapper(DataViewSchema input, FeatureColumn feature) : IRowToRowMapper
{
    public DataViewSchema InputSchema { get; } = input;
    public abstract DataViewSchema OutputSchema { get; }

    /// <summary>The column of images.</summary>
    public FeatureColumn Feature { get; } = feature;

    /// <summary>Runs the network.</summary>
    public abstract IRowScorer Scorer { get; }

    /// <summary>What saves the network.</summary>
    public abstract ICanSaveModel Transformer { get; }

    /// <summary>The network.</summary>
    public CnnClassificationModel Model => Scorer.Model;

    /// <summary>Index of the first added column in the output.</summary>
    public int FirstAdded => InputSchema.Count;

    /// <summary>Throws, or warns that a row has no values.</summary>
    public abstract void ReportBadImage(long position, string problem);

    /// <summary>A getter of an added column.</summary>
    /// <param name="column">Its index in the output.</param>
    /// <param name="values">The present row's values.</param>
    public abstract Delegate CreateGetter(int column, RowValues values);

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
    {
        HashSet<int> wanted = [.. dependingColumns.Select(c => c.Index)];
        bool added = wanted.Any(i => i >= FirstAdded);
        return [.. InputSchema.Where(c => wanted.Contains(c.Index) || (added && c.Index == Feature.Column.Index))];
    }

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new ScoredRow(input, this, activeColumns);
    }

    /// <summary>
    /// A getter of an output column as one of the type that was asked for, checked as ML.NET's rows do.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The column is not active.</exception>
    /// <exception cref="InvalidOperationException">The getter is of another type.</exception>
    public static ValueGetter<TValue> Getter<TValue>(DataViewSchema.Column column, bool isActive, Func<Delegate> getter)
    {
        Contracts.CheckParam(isActive, nameof(column), "requested column not active");
        return getter() as ValueGetter<TValue> ?? throw Contracts.Except(
            $"Invalid TValue in GetGetter for column #{column.Index}: {column.Name}: {column.Type}: "
            + $"'{typeof(TValue)}', expected type: '{column.Type.RawType}'.");
    }

    /// <summary>A getter of all values as a vector.</summary>
    protected static ValueGetter<VBuffer<float>> Vector(RowValues values) => (ref VBuffer<float> target) =>
    {
        ReadOnlySpan<float> source = values();
        VBufferEditor<float> editor = VBufferEditor.Create(ref target, source.Length);
        source.CopyTo(editor.Values);
        target = editor.Commit();
    };
}
