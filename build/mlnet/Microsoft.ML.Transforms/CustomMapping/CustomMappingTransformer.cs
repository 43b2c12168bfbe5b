using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>Adds columns computed by a function of the user's.</summary>
public sealed class CustomMappingTransformer<TSrc, TDst> : ITransformer
    where TSrc : class, new()
    where TDst : class, new()
{
    private readonly Action<TSrc, TDst> _mapAction;
    private readonly string _contractName;
    private readonly SchemaDefinition _inputDefinition;

    internal CustomMappingTransformer(IHostEnvironment env, Action<TSrc, TDst> mapAction, string contractName,
        SchemaDefinition inputSchemaDefinition, SchemaDefinition outputSchemaDefinition)
    {
        ArgumentNullException.ThrowIfNull(env);
        ArgumentNullException.ThrowIfNull(mapAction);
        _mapAction = mapAction;
        _contractName = contractName;
        _inputDefinition = inputSchemaDefinition ?? SchemaDefinition.Create(typeof(TSrc), SchemaDefinition.Direction.Write);
        InputBindings = MemberBinding.Bind(typeof(TSrc), _inputDefinition, SchemaDefinition.Direction.Write);
        OutputBindings = MemberBinding.Bind(typeof(TDst), outputSchemaDefinition, SchemaDefinition.Direction.Read);
    }

    internal MemberBinding[] InputBindings { get; }

    internal MemberBinding[] OutputBindings { get; }

    bool ITransformer.IsRowToRowMapper => true;

    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return new Mapper(this, inputSchema).OutputSchema;
    }

    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new MappedView(input, new Mapper(this, input.Schema));
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return new Mapper(this, inputSchema);
    }

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        if (_contractName == null)
            throw new InvalidOperationException("Empty contract name for a transform: the transform cannot be saved");
        CustomMappingModel.Save(ctx, _contractName, (_mapAction.Method.DeclaringType ?? typeof(TSrc)).Assembly);
    }

    private sealed class Mapper : RowMapper
    {
        private readonly CustomMappingTransformer<TSrc, TDst> _parent;
        private readonly TypedRowReader<TSrc> _reader;

        public Mapper(CustomMappingTransformer<TSrc, TDst> parent, DataViewSchema inputSchema) : base(inputSchema)
        {
            _parent = parent;
            foreach (MemberBinding binding in parent.InputBindings)
                inputSchema.Require(binding.ColumnName);
            _reader = new TypedRowReader<TSrc>(inputSchema, ignoreMissingColumns: false, parent._inputDefinition);
        }

        protected override IReadOnlyList<DataViewSchema.DetachedColumn> GetOutputColumns() =>
            Array.ConvertAll(_parent.OutputBindings, binding => new DataViewSchema.DetachedColumn(binding.ColumnName, binding.ColumnType, binding.Annotations));

        protected override IEnumerable<int> GetInputs(int output) => _reader.Columns.Select(column => column.Index);

        protected override Delegate[] CreateGetters(DataViewRow input, Func<int, bool> isActive, out Action disposer)
        {
            disposer = null;
            TSrc source = new();
            TDst destination = new();
            Action<TSrc> fill = _reader.CreateFiller(input);
            long computed = -1;
            MemberBinding[] outputs = _parent.OutputBindings;
            var getters = new Delegate[outputs.Length];
            for (int i = 0; i < getters.Length; i++)
            {
                if (isActive(i))
                {
                    getters[i] = (Delegate)GenericMethod.InvokeStatic(typeof(CustomMappingModel), nameof(CustomMappingModel.After), outputs[i].ColumnType.RawType,
                        MemberGetters.Create(outputs[i], () => destination), (Action)EnsureComputed);
                }
            }
            return getters;

            // All columns of a row come from one call.
            void EnsureComputed()
            {
                if (computed == input.Position)
                    return;
                fill(source);
                _parent._mapAction(source, destination);
                computed = input.Position;
            }
        }
    }
}
