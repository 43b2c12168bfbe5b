using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>ML.NET's cache keeps numbers, text and vectors; it drops columns of images without a word.</summary>
internal static class CachedImages
{
    /// <summary>Checks that no cache dropped the feature column.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing behind a cache; the message says what to do.</exception>
    public static void CheckKept(IDataView view, string featureName)
    {
        if (view.Schema.GetColumnOrNull(featureName) is null && IsCached(view))
            throw Contracts.ExceptParam("inputSchema",
                $"Could not find feature column '{featureName}'. The rows come out of a cache (AppendCacheCheckpoint or "
                + "Data.Cache), which drops columns of images: leave it out, or put it in front of LoadImages. The trainer "
                + "caches decoded images itself (Options.CacheBudget)");
    }

    private static bool IsCached(IDataView view)
    {
        while (view is IDataTransform transform)
            view = transform.Source;
        return view is CacheDataView;
    }
}
