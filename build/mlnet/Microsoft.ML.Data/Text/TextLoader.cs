using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(typeof(TextLoader), typeof(TextLoader), null, typeof(SignatureLoadModel), "Text Loader", TextLoader.LoaderSignature)]

namespace Microsoft.ML.Data;

/// <summary>Reads views from text files, one row a line. Fields that do not parse are missing values.</summary>
public sealed partial class TextLoader : IDataLoader<IMultiStreamSource>
{
    internal const string LoaderSignature = "TextLoader";

    private readonly Options _options;
    private readonly TextColumn[] _columns;
    private readonly DataViewSchema _schema;

    /// <param name="options">A copy that nobody changes.</param>
    /// <param name="header">The header's fields.</param>
    /// <param name="inputSize">The number of fields of a line, where a column asks for it.</param>
    private TextLoader(Options options, string[] header, int? inputSize)
    {
        _options = options;
        _columns = TextColumnBinder.Bind(options.Columns, inputSize);
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(_columns.Select(column => column.Describe(header)));
        _schema = builder.ToSchema();
        (Header, InputSize) = (header, inputSize);
    }

    internal string[] Header { get; }

    internal int? InputSize { get; }

    /// <param name="env">Whose components it is of.</param>
    /// <param name="options">How lines are read.</param>
    /// <param name="dataSample">Files to look at for the header and the number of fields, or null.</param>
    internal static TextLoader Create(IHostEnvironment env, Options options, IMultiStreamSource dataSample)
    {
        ArgumentNullException.ThrowIfNull(env);
        ArgumentNullException.ThrowIfNull(options);
        Options copy = TextLoaderFormat.Copy(options);
        string[] header = ReadHeader(copy, dataSample);
        int? inputSize = copy.InputSize ?? (dataSample == null ? null : CountFields(copy, dataSample));
        return new TextLoader(copy, header, inputSize);
    }

    public DataViewSchema GetOutputSchema() => _schema;

    public IDataView Load(IMultiStreamSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new TextView(_schema, _columns, _options, source);
    }

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(TextLoaderFormat.Version);
        TextLoaderFormat.Save(ctx.Writer, _options, Header, InputSize);
    }

    private static TextLoader Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ArgumentNullException.ThrowIfNull(env);
        ctx.CheckAtModel(TextLoaderFormat.Version);
        (Options options, string[] header, int? inputSize) = TextLoaderFormat.Load(ctx.Reader);
        return new TextLoader(options, header, inputSize);
    }

    private static string[] ReadHeader(Options options, IMultiStreamSource sample)
    {
        IMultiStreamSource source = options.HeaderFile != null ? new MultiFileSource(options.HeaderFile) : options.HasHeader ? sample : null;
        if (source == null || new TextLines(options).FirstLine(source) is not { } line)
            return [];
        return [.. new FieldSplitter(options).Split(line).Select(field => field.ToString())];
    }

    private static int? CountFields(Options options, IMultiStreamSource sample) =>
        new TextLines(options).Read(sample).FirstOrDefault() is { } line ? new FieldSplitter(options).Split(line).Count : null;
}
