using Microsoft.ML.Data;

namespace Microsoft.ML;

/// <summary>Looks at the first rows of data.</summary>
public static class DebuggerExtensions
{
    public static DataDebuggerPreview Preview(this IDataView data, int maxRows = DataDebuggerPreview.DefaultRows)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentOutOfRangeException.ThrowIfNegative(maxRows);
        return new DataDebuggerPreview(data, maxRows);
    }

    public static DataDebuggerPreview Preview(this ITransformer transformer, IDataView data, int maxRows = DataDebuggerPreview.DefaultRows)
    {
        ArgumentNullException.ThrowIfNull(transformer);
        return transformer.Transform(data).Preview(maxRows);
    }

    /// <param name="estimator">Trained on the first rows of the data.</param>
    /// <param name="data">What is shown, transformed.</param>
    /// <param name="maxRows">How many rows are shown.</param>
    /// <param name="maxTrainingRows">How many rows are trained on.</param>
    public static DataDebuggerPreview Preview(this IEstimator<ITransformer> estimator, IDataView data, int maxRows = DataDebuggerPreview.DefaultRows,
        int maxTrainingRows = DataDebuggerPreview.DefaultRows)
    {
        ArgumentNullException.ThrowIfNull(estimator);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentOutOfRangeException.ThrowIfNegative(maxTrainingRows);
        return estimator.Fit(new SkipTakeView(data, 0, maxTrainingRows)).Preview(data, maxRows);
    }

    public static DataDebuggerPreview Preview<TSource>(this IDataLoader<TSource> loader, TSource source, int maxRows = DataDebuggerPreview.DefaultRows)
    {
        ArgumentNullException.ThrowIfNull(loader);
        return loader.Load(source).Preview(maxRows);
    }
}
