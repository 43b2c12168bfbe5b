using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(typeof(ColumnConcatenatingTransformer), typeof(ColumnConcatenatingTransformer), null, typeof(SignatureLoadModel),
    "Concat Transform", ColumnConcatenatingTransformer.LoaderSignature)]

namespace Microsoft.ML.Data;

/// <summary>Joins scalars and vectors of one item type into a vector.</summary>
public sealed class ColumnConcatenatingTransformer : RowToRowTransformerBase
{
    internal const string LoaderSignature = "ConcatTransform";

    private readonly string _outputColumnName;
    private readonly string[] _inputColumnNames;

    internal ColumnConcatenatingTransformer(IHost host, string outputColumnName, string[] inputColumnNames) : base(host)
    {
        _outputColumnName = outputColumnName;
        _inputColumnNames = inputColumnNames;
    }

    private static VersionInfo Format => ModelFormat.Of("CONCAT F", LoaderSignature, typeof(ColumnConcatenatingTransformer));

    private static ColumnConcatenatingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Format);
        string output = ctx.LoadNonEmptyString();
        return new ColumnConcatenatingTransformer(env.Register("Concat"), output, ctx.LoadStrings());
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Format);
        ctx.SaveNonEmptyString(_outputColumnName);
        ctx.SaveStrings(_inputColumnNames);
    }

    private protected override RowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private sealed class Mapper : RowMapper
    {
        private readonly string _outputColumnName;
        private readonly DataViewSchema.Column[] _inputs;
        private readonly PrimitiveDataViewType _itemType;

        public Mapper(ColumnConcatenatingTransformer parent, DataViewSchema inputSchema) : base(inputSchema)
        {
            _outputColumnName = parent._outputColumnName;
            _inputs = Array.ConvertAll(parent._inputColumnNames, name => inputSchema.Require(name));
            _itemType = _inputs[0].Type.ItemTypeOf() as PrimitiveDataViewType
                ?? throw SchemaErrors.Mismatch(nameof(inputSchema), "input", _inputs[0].Name, "a primitive type or a vector of it", _inputs[0].Type.ToString());
            foreach (DataViewSchema.Column input in _inputs)
            {
                if (!input.Type.ItemTypeOf().Equals(_itemType))
                    throw SchemaErrors.Mismatch(nameof(inputSchema), "input", input.Name, _itemType.ToString(), input.Type.ToString());
            }
        }

        private bool IsKnownSize => Array.TrueForAll(_inputs, input => input.Type is not VectorDataViewType { IsKnownSize: false });

        protected override IReadOnlyList<DataViewSchema.DetachedColumn> GetOutputColumns()
        {
            if (_inputs.Length == 1 && _inputs[0].Type is VectorDataViewType)
                return [new DataViewSchema.DetachedColumn(_outputColumnName, _inputs[0].Type, _inputs[0].Annotations)];
            if (!IsKnownSize)
                return [new DataViewSchema.DetachedColumn(_outputColumnName, new VectorDataViewType(_itemType))];
            var annotations = new DataViewSchema.Annotations.Builder();
            if (Array.Exists(_inputs, input => input.Type is not VectorDataViewType || NamesOf(input) != null))
                annotations.AddVector(AnnotationUtils.Kinds.SlotNames, TextDataViewType.Instance, SlotNames());
            int size = _inputs.Sum(input => input.Type.ValueCountOf());
            return [new DataViewSchema.DetachedColumn(_outputColumnName, new VectorDataViewType(_itemType, size), annotations.ToAnnotations())];
        }

        protected override IEnumerable<int> GetInputs(int output) => _inputs.Select(input => input.Index).Distinct();

        protected override Delegate[] CreateGetters(DataViewRow input, Func<int, bool> isActive, out Action disposer)
        {
            disposer = null;
            return [(Delegate)GenericMethod.Invoke(this, nameof(CreateGetter), _itemType.RawType, input)];
        }

        private static string[] NamesOf(DataViewSchema.Column vector) =>
            ColumnAnnotations.TextsOrNull(vector, AnnotationUtils.Kinds.SlotNames, vector.Type.ValueCountOf());

        private ReadOnlyMemory<char>[] SlotNames()
        {
            List<ReadOnlyMemory<char>> names = [];
            foreach (DataViewSchema.Column input in _inputs)
            {
                if (input.Type is not VectorDataViewType vector)
                    names.Add(input.Name.AsMemory());
                else if (NamesOf(input) is { } slots)
                    names.AddRange(slots.Select(slot => slot.Length == 0 ? default : $"{input.Name}.{slot}".AsMemory()));
                else
                    names.AddRange(new ReadOnlyMemory<char>[vector.Size]);
            }
            return [.. names];
        }

        private ValueGetter<VBuffer<T>> CreateGetter<T>(DataViewRow row)
        {
            VectorReader<T>[] readers = Array.ConvertAll(_inputs, input => ReaderOf<T>(row, input));
            var parts = new VBuffer<T>[readers.Length];
            return (ref VBuffer<T> destination) =>
            {
                int length = 0;
                for (int i = 0; i < readers.Length; i++)
                {
                    readers[i](ref parts[i]);
                    length += parts[i].Length;
                }
                VBufferEditor<T> editor = VBufferEditor.Create(ref destination, length);
                int start = 0;
                foreach (VBuffer<T> part in parts)
                {
                    part.CopyTo(editor.Values[start..]);
                    start += part.Length;
                }
                destination = editor.Commit();
            };
        }

        private static VectorReader<T> ReaderOf<T>(DataViewRow row, DataViewSchema.Column input)
        {
            if (input.Type is VectorDataViewType)
                return new VectorReader<T>(row.GetGetter<VBuffer<T>>(input));
            ValueGetter<T> getter = row.GetGetter<T>(input);
            return (ref VBuffer<T> vector) =>
            {
                VBufferEditor<T> editor = VBufferEditor.Create(ref vector, 1);
                getter(ref editor.Values[0]);
                vector = editor.Commit();
            };
        }

        private delegate void VectorReader<T>(ref VBuffer<T> vector);
    }
}
