using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.Data;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>Rows of a view that hold labeled images.</summary>
/// <param name="view">The rows.</param>
/// <param name="label">Its label column.</param>
/// <param name="feature">Its feature column.</param>
/// <param name="name">What the rows are, for messages: "training", "validation".</param>
internal sealed class LabeledRows(IDataView view, LabelColumn label, FeatureColumn feature, string name) : IImageRows
{
    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public string ImageColumn => feature.Column.Name;

    /// <inheritdoc/>
    public IImageCursor Open() => new Cursor(view, label, feature);

    private sealed class Cursor : IImageCursor
    {
        private readonly DataViewRowCursor _rows;
        private readonly Func<int> _readLabel;
        private readonly ImageFetcher _fetcher;
        private readonly Func<string?> _readPath;
        private readonly int _classes;

        public Cursor(IDataView view, LabelColumn label, FeatureColumn feature)
        {
            DataViewSchema.Column? path = PathColumn.Find(view.Schema);
            _rows = RowByRow.Open(
                view, [label.Column, feature.Column, .. path is { } column ? new[] { column } : []]);
            _readLabel = label.CreateReader(_rows);
            _fetcher = ImageFetcher.Create(_rows, feature);
            _readPath = PathColumn.CreateReader(_rows, path);
            _classes = label.Classes;
        }

        public long Row => _rows.Position;

        public bool MoveNext() => _rows.MoveNext();

        public int ReadLabel() => _readLabel() is var number && number < _classes ? number : -1;

        public bool TryFetch(RawImage target)
        {
            target.File = _readPath();
            return _fetcher.TryFetch(target);
        }

        public void Dispose() => _rows.Dispose();
    }
}

/// <summary>A text column that by its name holds the paths of the images: for messages only.</summary>
internal static class PathColumn
{
    /// <summary>The first scalar text column with "path" or "file" in its name; null when there is none.</summary>
    public static DataViewSchema.Column? Find(DataViewSchema schema) => schema
        .Where(c => !c.IsHidden && c.Type is TextDataViewType
            && (c.Name.Contains("path", StringComparison.OrdinalIgnoreCase)
                || c.Name.Contains("file", StringComparison.OrdinalIgnoreCase)))
        .Cast<DataViewSchema.Column?>().FirstOrDefault();

    /// <summary>
    /// Reads the column of the present row; null where there is no column, it is not active or it is empty.
    /// </summary>
    public static Func<string?> CreateReader(DataViewRow row, DataViewSchema.Column? column)
    {
        if (column is not { } path || !row.IsColumnActive(path))
            return static () => null;
        ValueGetter<ReadOnlyMemory<char>> getter = row.GetGetter<ReadOnlyMemory<char>>(path);
        ReadOnlyMemory<char> value = default;
        return () =>
        {
            getter(ref value);
            return value.IsEmpty ? null : value.ToString();
        };
    }
}

/// <summary>Cursors whose values are computed when they are asked for.</summary>
internal static class RowByRow
{
    /// <summary>
    /// Opens a view. ML.NET's GetRowCursor computes transforms such as LoadRawImageBytes ahead on several threads where
    /// it can: a file that is missing then ends all rows, with an exception that does not tell which row it was. As the
    /// only cursor of a set each value comes from its own getter, and so does its exception.
    /// </summary>
    public static DataViewRowCursor Open(
        IDataView view, IEnumerable<DataViewSchema.Column> columns, Random? random = null) =>
        view.GetRowCursorSet(columns, 1, random) is [var cursor] ? cursor : view.GetRowCursor(columns, random);
}
