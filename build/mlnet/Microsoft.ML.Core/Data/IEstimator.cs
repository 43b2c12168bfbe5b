using Microsoft.ML.Data;

namespace Microsoft.ML;

/// <summary>Learns a transformer from data.</summary>
public interface IEstimator<out TTransformer>
    where TTransformer : ITransformer
{
    /// <summary>Learns from the data.</summary>
    TTransformer Fit(IDataView input);

    /// <summary>The shape of the data after the transformer, before anything is learnt.</summary>
    SchemaShape GetOutputSchema(SchemaShape inputSchema);
}

/// <summary>Turns views into views.</summary>
public interface ITransformer : ICanSaveModel
{
    /// <summary>Whether each output row depends on one input row only.</summary>
    bool IsRowToRowMapper { get; }

    /// <summary>The schema of the transformed data.</summary>
    DataViewSchema GetOutputSchema(DataViewSchema inputSchema);

    /// <summary>The transformed data; lazy.</summary>
    IDataView Transform(IDataView input);

    /// <summary>The mapper of single rows, where <see cref="IsRowToRowMapper"/>.</summary>
    IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema);
}

/// <summary>Makes views of a source.</summary>
public interface IDataLoader<in TSource> : ICanSaveModel
{
    /// <summary>A view of the source.</summary>
    IDataView Load(TSource input);

    /// <summary>The schema of the views.</summary>
    DataViewSchema GetOutputSchema();
}

/// <summary>Learns a loader from a source.</summary>
public interface IDataLoaderEstimator<in TSource, out TLoader>
    where TLoader : IDataLoader<TSource>
{
    /// <summary>Learns from the source.</summary>
    TLoader Fit(TSource input);

    /// <summary>The shape of the loaded data.</summary>
    SchemaShape GetOutputSchema();
}

/// <summary>What a trainer likes.</summary>
public sealed class TrainerInfo
{
    internal TrainerInfo(bool normalization = true, bool caching = true)
    {
        NeedNormalization = normalization;
        WantCaching = caching;
    }

    /// <summary>Whether normalised features help.</summary>
    public bool NeedNormalization { get; }

    /// <summary>Whether it reads the data several times.</summary>
    public bool WantCaching { get; }
}
