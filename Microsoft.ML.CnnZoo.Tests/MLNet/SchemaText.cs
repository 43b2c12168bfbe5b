using System.Globalization;
using System.Text;
using Microsoft.ML.Data;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>Schemas and values as one line of text, in the form in which ML.NET's were recorded.</summary>
internal static class SchemaText
{
    public static string Of(IDataView data) => string.Join("; ", data.Schema.Select(Describe));

    public static string Of<T>(IDataView data, string column) => string.Join(" ", data.GetColumn<T>(column).Select(value => Text(value)));

    /// <summary>A vector as &lt;length:items&gt;.</summary>
    public static string Vector<T>(VBuffer<T> vector) => $"<{vector.Length}:{string.Join(",", vector.DenseValues().Select(value => Text(value)))}>";

    private static string Describe(DataViewSchema.Column column) =>
        $"{column.Index}:{column.Name}:{column.Type}{(column.IsHidden ? "(hidden)" : "")}{Annotations(column.Annotations)}";

    private static string Annotations(DataViewSchema.Annotations annotations)
    {
        if (annotations.Schema.Count == 0)
            return "";
        var text = new StringBuilder();
        foreach (DataViewSchema.Column column in annotations.Schema)
            text.Append(text.Length == 0 ? "{" : ",").Append(CultureInfo.InvariantCulture, $"{column.Name}:{column.Type}={Value(annotations, column)}");
        return text.Append('}').ToString();
    }

    private static string Value(DataViewSchema.Annotations annotations, DataViewSchema.Column column) => column.Type switch
    {
        VectorDataViewType { ItemType: TextDataViewType } => Items<ReadOnlyMemory<char>>(annotations, column),
        VectorDataViewType { ItemType: var item } when item == NumberDataViewType.Single => Items<float>(annotations, column),
        VectorDataViewType { ItemType: var item } when item == NumberDataViewType.Int32 => Items<int>(annotations, column),
        VectorDataViewType { ItemType: var item } when item == NumberDataViewType.UInt32 => Items<uint>(annotations, column),
        _ => throw new NotSupportedException(column.ToString()),
    };

    private static string Items<T>(DataViewSchema.Annotations annotations, DataViewSchema.Column column)
    {
        VBuffer<T> values = default;
        annotations.GetValue(column.Name, ref values);
        return $"[{string.Join("|", values.DenseValues().Select(value => Text(value)))}]";
    }

    private static string Text<T>(T value) => value is IFormattable number ? number.ToString(null, CultureInfo.InvariantCulture) : $"{value}";
}
