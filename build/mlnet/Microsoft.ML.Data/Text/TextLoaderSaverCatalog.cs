using System.Reflection;
using Microsoft.ML.Data;

namespace Microsoft.ML;

/// <summary>Loading of text files.</summary>
public static class TextLoaderSaverCatalog
{
    public static TextLoader CreateTextLoader(this DataOperationsCatalog catalog, TextLoader.Column[] columns, char separatorChar = '\t', bool hasHeader = false,
        IMultiStreamSource dataSample = null, bool allowQuoting = false, bool trimWhitespace = false, bool allowSparse = false) =>
        catalog.CreateTextLoader(ToOptions(columns, separatorChar, hasHeader, allowQuoting, trimWhitespace, allowSparse), dataSample);

    public static TextLoader CreateTextLoader(this DataOperationsCatalog catalog, TextLoader.Options options, IMultiStreamSource dataSample = null) =>
        TextLoader.Create(catalog.GetEnvironment(), options, dataSample);

    public static TextLoader CreateTextLoader<TInput>(this DataOperationsCatalog catalog, char separatorChar = '\t', bool hasHeader = false,
        IMultiStreamSource dataSample = null, bool allowQuoting = false, bool trimWhitespace = false, bool allowSparse = false) =>
        catalog.CreateTextLoader(ColumnsOf(typeof(TInput)), separatorChar, hasHeader, dataSample, allowQuoting, trimWhitespace, allowSparse);

    public static TextLoader CreateTextLoader<TInput>(this DataOperationsCatalog catalog, TextLoader.Options options, IMultiStreamSource dataSample = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options = TextLoaderFormat.Copy(options);
        options.Columns = ColumnsOf(typeof(TInput));
        return catalog.CreateTextLoader(options, dataSample);
    }

    public static IDataView LoadFromTextFile(this DataOperationsCatalog catalog, string path, TextLoader.Column[] columns, char separatorChar = '\t',
        bool hasHeader = false, bool allowQuoting = false, bool trimWhitespace = false, bool allowSparse = false) =>
        catalog.LoadFromTextFile(path, ToOptions(columns, separatorChar, hasHeader, allowQuoting, trimWhitespace, allowSparse));

    public static IDataView LoadFromTextFile<TInput>(this DataOperationsCatalog catalog, string path, char separatorChar = '\t', bool hasHeader = false,
        bool allowQuoting = false, bool trimWhitespace = false, bool allowSparse = false) =>
        catalog.LoadFromTextFile(path, ToOptions(ColumnsOf(typeof(TInput)), separatorChar, hasHeader, allowQuoting, trimWhitespace, allowSparse));

    public static IDataView LoadFromTextFile(this DataOperationsCatalog catalog, string path, TextLoader.Options options = null)
    {
        IMultiStreamSource source = SourceOf(path);
        return catalog.CreateTextLoader(options ?? new TextLoader.Options(), source).Load(source);
    }

    public static IDataView LoadFromTextFile<TInput>(this DataOperationsCatalog catalog, string path, TextLoader.Options options)
    {
        IMultiStreamSource source = SourceOf(path);
        return catalog.CreateTextLoader<TInput>(options, source).Load(source);
    }

    private static MultiFileSource SourceOf(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var source = new MultiFileSource(path);
        if (source.Count == 0 || !File.Exists(source.GetPathOrNull(0)))
            throw new ArgumentOutOfRangeException(nameof(path), $"File does not exist at path: {path}");
        return source;
    }

    private static TextLoader.Options ToOptions(TextLoader.Column[] columns, char separator, bool hasHeader, bool allowQuoting, bool trimWhitespace, bool allowSparse) => new()
    {
        Columns = columns,
        Separators = [separator],
        HasHeader = hasHeader,
        AllowQuoting = allowQuoting,
        TrimWhitespace = trimWhitespace,
        AllowSparse = allowSparse,
    };

    private static TextLoader.Column[] ColumnsOf(Type row)
    {
        IEnumerable<(MemberInfo Member, Type Type)> members = row.GetFields(BindingFlags.Public | BindingFlags.Instance).Select(field => ((MemberInfo)field, field.FieldType))
            .Concat(row.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanRead && property.GetIndexParameters().Length == 0)
                .Select(property => ((MemberInfo)property, property.PropertyType)));
        TextLoader.Column[] columns = [.. members.Where(member => member.Member.IsDefined(typeof(LoadColumnAttribute)))
            .Select(member => ColumnOf(member.Member, member.Type))];
        return columns.Length > 0 ? columns
            : throw new InvalidOperationException($"Should define at least one public, readable field or property in TInput with {nameof(LoadColumnAttribute)}");
    }

    private static TextLoader.Column ColumnOf(MemberInfo member, Type type)
    {
        bool isVector = type.IsArray || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(VBuffer<>));
        Type item = type.IsArray ? type.GetElementType() : isVector ? type.GetGenericArguments()[0] : type;
        DataKind kind = ColumnTypes.KindOrNull(item == typeof(string) ? typeof(ReadOnlyMemory<char>) : item)
            ?? throw new InvalidOperationException($"Could not determine an IDataView type for member {member.Name}");
        TextLoader.Range[] ranges = Array.ConvertAll(member.GetCustomAttribute<LoadColumnAttribute>().Sources,
            range => new TextLoader.Range { Min = range.Min, Max = range.Max, ForceVector = isVector });
        string name = member.GetCustomAttribute<ColumnNameAttribute>()?.Name ?? member.Name;
        KeyCount keyCount = member.GetCustomAttribute<KeyTypeAttribute>() is { } key ? key.KeyCount ?? new KeyCount() : null;
        return new TextLoader.Column(name, kind, ranges, keyCount);
    }
}
