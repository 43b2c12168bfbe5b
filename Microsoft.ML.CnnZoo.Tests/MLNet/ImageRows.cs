using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>A file's path, as LoadImages wants it.</summary>
public sealed class PathRow
{
    public string S { get; set; } = "";
}

/// <summary>An image of height 2 and width 3.</summary>
public sealed class SmallImageRow
{
    [ImageType(2, 3)]
    public MLImage? I { get; set; }
}

/// <summary>An image of any size.</summary>
public sealed class AnyImageRow
{
    [ImageType]
    public MLImage? I { get; set; }
}

/// <summary>Views of images, and what is read from them.</summary>
internal static class ImageRows
{
    public static IDataView Paths(MLContext context, params string[] paths) =>
        context.Data.LoadFromEnumerable(paths.Select(path => new PathRow { S = path }).ToArray());

    public static IDataView Small(MLContext context, params MLImage?[] images) =>
        context.Data.LoadFromEnumerable(images.Select(image => new SmallImageRow { I = image }).ToArray());

    public static IDataView Any(MLContext context, params MLImage?[] images) =>
        context.Data.LoadFromEnumerable(images.Select(image => new AnyImageRow { I = image }).ToArray());

    /// <summary>What <paramref name="read"/> makes of each value of the column, while the row lasts.</summary>
    public static List<TResult> Read<TValue, TResult>(IDataView view, string column, Func<TValue, TResult> read)
    {
        var results = new List<TResult>();
        using DataViewRowCursor cursor = view.GetRowCursor([view.Schema[column]]);
        ValueGetter<TValue> getter = cursor.GetGetter<TValue>(view.Schema[column]);
        TValue value = default!;
        while (cursor.MoveNext())
        {
            getter(ref value);
            results.Add(read(value));
        }
        return results;
    }

    public static List<float[]> Floats(IDataView view, string column) =>
        Read(view, column, (VBuffer<float> value) => value.DenseValues().ToArray());

    /// <summary>The pixels of the column's images as blue, green, red.</summary>
    public static List<byte[]?> Bgr(IDataView view, string column) =>
        Read(view, column, (MLImage? image) => image?.GetBGRPixels);
}
