using System.Reflection;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>
/// A transformer as a user's assembly writes it: output = input * factor, on ML.NET's public API. Saving and loading reach
/// ML.NET's internals by reflection, by the names that the real ML.NET has too.
/// </summary>
public sealed class ExternalScaleTransformer(string outputColumn, string inputColumn, float factor) : ITransformer, IDisposable
{
    public const string LoaderSignature = "TestExternalScale";
    private const BindingFlags Any = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    public bool IsDisposed { get; private set; }

    public bool IsRowToRowMapper => true;

    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => new Mapper(inputSchema, outputColumn, inputColumn, factor).OutputSchema;

    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) => new Mapper(inputSchema, outputColumn, inputColumn, factor);

    public IDataView Transform(IDataView input) => new View(input, new Mapper(input.Schema, outputColumn, inputColumn, factor));

    public void Dispose() => IsDisposed = true;

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        object version = CoreType("Microsoft.ML.VersionInfo").GetConstructors()[0]
            .Invoke(["TESTSCAL", 1u, 1u, 1u, typeof(ExternalScaleTransformer).Assembly.FullName, LoaderSignature, null]);
        typeof(ModelSaveContext).GetMethod("SetVersionInfo", Any)!.Invoke(ctx, [version]);
        var writer = (BinaryWriter)typeof(ModelSaveContext).GetField("Writer", Any)!.GetValue(ctx)!;
        writer.Write(outputColumn);
        writer.Write(inputColumn);
        Action<BinaryWriter> weights = w => w.Write(factor);
        typeof(ModelSaveContext).GetMethod("SaveBinaryStream", Any)!.Invoke(ctx, ["Weights.bin", weights]);
    }

    /// <summary>Makes the loader known to a context.</summary>
    public static void Register(MLContext context) => context.ComponentCatalog.RegisterAssembly(new Manifest());

    private static Type CoreType(string name) => typeof(ITransformer).Assembly.GetType(name, throwOnError: true)!;

    // Found by its name and parameters; object stands for the internal ModelLoadContext.
    private static ExternalScaleTransformer Create(IHostEnvironment env, object ctx)
    {
        var reader = (BinaryReader)ctx.GetType().GetField("Reader", Any)!.GetValue(ctx)!;
        string output = reader.ReadString(), input = reader.ReadString();
        float factor = 0;
        Action<BinaryReader> weights = r => factor = r.ReadSingle();
        bool found = (bool)ctx.GetType().GetMethod("TryLoadBinaryStream", Any)!.Invoke(ctx, ["Weights.bin", weights])!;
        return found ? new ExternalScaleTransformer(output, input, factor) : throw new FormatException("There are no weights.");
    }

    private sealed class Manifest : Assembly
    {
        public override string FullName => "ExternalScale.Manifest";

        public override Type[] GetTypes() => [];

        public override object[] GetCustomAttributes(Type attributeType, bool inherit)
        {
            Type attribute = CoreType("Microsoft.ML.LoadableClassAttribute");
            if (!attributeType.IsAssignableFrom(attribute))
                return (object[])Array.CreateInstance(attributeType, 0);
            var attributes = (object[])Array.CreateInstance(attribute, 1);
            attributes[0] = attribute.GetConstructor([typeof(Type), typeof(Type), typeof(Type), typeof(Type), typeof(string), typeof(string[])])!
                .Invoke([typeof(ExternalScaleTransformer), typeof(ExternalScaleTransformer), null, CoreType("Microsoft.ML.SignatureLoadModel"), LoaderSignature, new[] { LoaderSignature }]);
            return attributes;
        }
    }

    private sealed class Mapper : IRowToRowMapper
    {
        private readonly DataViewSchema.Column _source;
        private readonly float _factor;

        public Mapper(DataViewSchema inputSchema, string output, string input, float factor)
        {
            InputSchema = inputSchema;
            _factor = factor;
            _source = inputSchema.GetColumnOrNull(input) ?? throw new ArgumentOutOfRangeException(nameof(inputSchema), $"Could not find input column '{input}'");
            var builder = new DataViewSchema.Builder();
            builder.AddColumns(inputSchema);
            builder.AddColumn(output, NumberDataViewType.Single);
            OutputSchema = builder.ToSchema();
        }

        public DataViewSchema InputSchema { get; }

        public DataViewSchema OutputSchema { get; }

        public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns) =>
            dependingColumns.Select(c => c.Index == InputSchema.Count ? _source : InputSchema[c.Index]).DistinctBy(c => c.Index).ToArray();

        public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
        {
            if (!ReferenceEquals(input.Schema, InputSchema))
                throw new ArgumentException("The row has another schema.", nameof(input));
            if (!activeColumns.Any(c => c.Index == InputSchema.Count))
                return new Row(input, OutputSchema, null);
            ValueGetter<float> get = input.GetGetter<float>(_source);
            return new Row(input, OutputSchema, (ref float value) =>
            {
                get(ref value);
                value *= _factor;
            });
        }
    }

    private sealed class Row(DataViewRow input, DataViewSchema schema, ValueGetter<float>? scaled) : DataViewRow
    {
        public override DataViewSchema Schema => schema;

        public override long Position => input.Position;

        public override long Batch => input.Batch;

        public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

        public override bool IsColumnActive(DataViewSchema.Column column) =>
            column.Index == input.Schema.Count ? scaled != null : input.IsColumnActive(input.Schema[column.Index]);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
            column.Index < input.Schema.Count
                ? input.GetGetter<TValue>(input.Schema[column.Index])
                : scaled as ValueGetter<TValue> ?? throw new InvalidOperationException("wrong type or inactive");

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                input.Dispose();
            base.Dispose(disposing);
        }
    }

    private sealed class View(IDataView source, Mapper mapper) : IDataView
    {
        public bool CanShuffle => source.CanShuffle;

        public DataViewSchema Schema => mapper.OutputSchema;

        public long? GetRowCount() => source.GetRowCount();

        public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
        {
            DataViewSchema.Column[] needed = columnsNeeded.ToArray();
            return new Cursor(source.GetRowCursor(mapper.GetDependencies(needed), rand), mapper, needed);
        }

        public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
        {
            DataViewSchema.Column[] needed = columnsNeeded.ToArray();
            return source.GetRowCursorSet(mapper.GetDependencies(needed), n, rand).Select(c => (DataViewRowCursor)new Cursor(c, mapper, needed)).ToArray();
        }
    }

    private sealed class Cursor(DataViewRowCursor input, Mapper mapper, DataViewSchema.Column[] needed) : DataViewRowCursor
    {
        private readonly DataViewRow _row = mapper.GetRow(input, needed);

        public override DataViewSchema Schema => _row.Schema;

        public override long Position => input.Position;

        public override long Batch => input.Batch;

        public override bool MoveNext() => input.MoveNext();

        public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

        public override bool IsColumnActive(DataViewSchema.Column column) => _row.IsColumnActive(column);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => _row.GetGetter<TValue>(column);

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _row.Dispose();
            base.Dispose(disposing);
        }
    }
}

/// <summary>The estimator of <see cref="ExternalScaleTransformer"/>; it counts how often it is fitted.</summary>
public sealed class ExternalScaleEstimator(string outputColumn, string inputColumn, float factor) : IEstimator<ExternalScaleTransformer>
{
    public int Fits { get; private set; }

    public ExternalScaleTransformer Fit(IDataView input)
    {
        Fits++;
        return new ExternalScaleTransformer(outputColumn, inputColumn, factor);
    }

    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        Dictionary<string, SchemaShape.Column> columns = inputSchema.ToDictionary(c => c.Name);
        if (!columns.TryGetValue(inputColumn, out SchemaShape.Column source))
            throw new ArgumentOutOfRangeException(nameof(inputSchema), $"Could not find input column '{inputColumn}'");
        ConstructorInfo column = typeof(SchemaShape.Column)
            .GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).Single(c => c.GetParameters().Length == 5);
        columns[outputColumn] = (SchemaShape.Column)column.Invoke([outputColumn, source.Kind, source.ItemType, false, null]);
        return new SchemaShape(columns.Values);
    }
}
