using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>A number in [0, 1] for every row, by whose ranges a view is split; NaN leaves a row out of every part.</summary>
internal abstract class SamplingKey
{
    /// <summary>The columns that the numbers are made of.</summary>
    public virtual IEnumerable<DataViewSchema.Column> Columns => [];

    /// <summary>Whether a row's number depends on its place, so that rows must be read one after another.</summary>
    public virtual bool NeedsOrder => false;

    /// <summary>A function that gives the number of the row; called once a row.</summary>
    public abstract Func<double> CreateGetter(DataViewRow row);

    /// <summary>Random numbers if no column is named; otherwise rows with the same value in the column have the same number.</summary>
    /// <param name="seed">null for ML.NET's default seeds: 42 for random numbers, 314489979 for hashes.</param>
    public static SamplingKey Create(IDataView data, string columnName, int? seed)
    {
        if (columnName == null)
            return new RandomSamplingKey(seed ?? RandomSamplingKey.DefaultSeed);
        DataViewSchema.Column column = data.Schema.GetColumnOrNull(columnName)
            ?? throw new ArgumentOutOfRangeException("samplingKeyColumn", $"Could not find SamplingKeyColumn column '{columnName}'");
        if (column.Type is KeyDataViewType)
            return new NumberSamplingKey(column, 0, 1);
        if (RangeFilterView.IsSupported(column.Type))
            return NumberSamplingKey.Scaled(data, column);
        return new HashSamplingKey(column, seed == null ? HashSamplingKey.DefaultSeed : (uint)seed.Value);
    }

    private sealed class RandomSamplingKey(int seed) : SamplingKey
    {
        public const int DefaultSeed = 42;

        public override bool NeedsOrder => true;

        public override Func<double> CreateGetter(DataViewRow row)
        {
            var random = new TauswortheHybrid(seed);
            return () => random.NextSingle();
        }
    }

    private sealed class NumberSamplingKey(DataViewSchema.Column column, double minimum, double range) : SamplingKey
    {
        public override IEnumerable<DataViewSchema.Column> Columns => [column];

        /// <summary>Scales the column's values to [0, 1] by one pass over the data.</summary>
        public static NumberSamplingKey Scaled(IDataView data, DataViewSchema.Column column)
        {
            double minimum = double.PositiveInfinity, maximum = double.NegativeInfinity;
            using DataViewRowCursor cursor = data.GetRowCursor([column]);
            Func<double> number = RangeFilterView.NumberGetter(cursor, column);
            while (cursor.MoveNext())
            {
                double value = number();
                if (double.IsNaN(value))
                    continue;
                minimum = Math.Min(minimum, value);
                maximum = Math.Max(maximum, value);
            }
            return new NumberSamplingKey(column, minimum, maximum > minimum ? maximum - minimum : 1);
        }

        public override Func<double> CreateGetter(DataViewRow row)
        {
            Func<double> number = RangeFilterView.NumberGetter(row, column);
            return () => (number() - minimum) / range;
        }
    }
}
