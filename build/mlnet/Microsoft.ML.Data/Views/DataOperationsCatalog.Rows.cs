using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

public sealed partial class DataOperationsCatalog
{
    /// <summary>Keeps in memory what is read of the data, column by column.</summary>
    public IDataView Cache(IDataView input, params string[] columnsToPrefetch)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new CacheView(input, columnsToPrefetch);
    }

    /// <summary>The rows whose Single or Double is at least the lower and below the upper bound; NaN never is.</summary>
    public IDataView FilterRowsByColumn(IDataView input, string columnName, double lowerBound = double.NegativeInfinity, double upperBound = double.PositiveInfinity)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentException.ThrowIfNullOrEmpty(columnName);
        CheckBounds(lowerBound, upperBound);
        DataViewType type = input.Schema[columnName].Type;
        if (type is not NumberDataViewType)
            throw SchemaErrors.Mismatch(nameof(columnName), "filter", columnName, "a number", type.ToString());
        return new RangeFilterView(input, columnName, new NumberRange(lowerBound, upperBound, IncludeMaximum: false, Complement: false));
    }

    /// <summary>The rows whose key lies between two fractions of the number of keys.</summary>
    public IDataView FilterRowsByKeyColumnFraction(IDataView input, string columnName, double lowerBound = 0, double upperBound = 1)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentException.ThrowIfNullOrEmpty(columnName);
        if (!(lowerBound >= 0 && lowerBound <= 1))
            throw new ArgumentOutOfRangeException(nameof(lowerBound), "Must be in [0, 1]");
        if (!(upperBound >= 0 && upperBound <= 2))
            throw new ArgumentOutOfRangeException(nameof(upperBound), "Must be in [0, 2]");
        CheckBounds(lowerBound, upperBound);
        DataViewType type = input.Schema[columnName].Type;
        if (type is not KeyDataViewType)
            throw SchemaErrors.Mismatch(nameof(columnName), "filter", columnName, "a known cardinality key", type.ToString());
        return new RangeFilterView(input, columnName, new NumberRange(lowerBound, upperBound, IncludeMaximum: upperBound >= 1, Complement: false));
    }

    /// <summary>The rows without NaN or missing key in the columns.</summary>
    public IDataView FilterRowsByMissingValues(IDataView input, params string[] columns)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (columns is not { Length: > 0 })
            throw new ArgumentOutOfRangeException(nameof(columns), "At least one column is needed");
        return new MissingValuesFilterView(input, columns);
    }

    /// <summary>The rows in a random order that is fixed by the seed; drawn from a pool, so that large data need not fit in memory.</summary>
    public IDataView ShuffleRows(IDataView input, int? seed = null, int shufflePoolSize = 1000, bool shuffleSource = true)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (shufflePoolSize <= 0)
            throw new ArgumentOutOfRangeException(nameof(shufflePoolSize), "Must be positive");
        int ownSeed = seed ?? _environment.Register("Shuffle").Rand.Next();
        return new ShuffleView(input, ownSeed, shufflePoolSize, shuffleSource);
    }

    /// <summary>All but the first rows.</summary>
    public IDataView SkipRows(IDataView input, long count)
    {
        ArgumentNullException.ThrowIfNull(input);
        CheckCount(count);
        return new SkipTakeView(input, count, long.MaxValue);
    }

    /// <summary>The first rows.</summary>
    public IDataView TakeRows(IDataView input, long count)
    {
        ArgumentNullException.ThrowIfNull(input);
        CheckCount(count);
        return new SkipTakeView(input, 0, count);
    }

    private static void CheckCount(long count)
    {
        if (count <= 0)
            throw new ArgumentOutOfRangeException(nameof(count), "Must be greater than zero.");
    }

    private static void CheckBounds(double lowerBound, double upperBound)
    {
        if (!(lowerBound < upperBound))
            throw new ArgumentOutOfRangeException(nameof(upperBound), "Must be greater than lowerBound");
    }
}
