using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>Joins scalars and vectors of one item type into a vector.</summary>
public sealed class ColumnConcatenatingEstimator : IEstimator<ColumnConcatenatingTransformer>
{
    private readonly IHost _host;
    private readonly string _outputColumnName;
    private readonly string[] _inputColumnNames;

    internal ColumnConcatenatingEstimator(IHostEnvironment env, string outputColumnName, string[] inputColumnNames)
    {
        ArgumentNullException.ThrowIfNull(env);
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ArgumentNullException.ThrowIfNull(inputColumnNames);
        if (inputColumnNames.Length == 0 || Array.Exists(inputColumnNames, string.IsNullOrEmpty))
            throw new ArgumentOutOfRangeException(nameof(inputColumnNames), "Input columns must be named, at least one");
        _host = env.Register("Concat");
        _outputColumnName = outputColumnName;
        _inputColumnNames = [.. inputColumnNames];
    }

    public ColumnConcatenatingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var transformer = new ColumnConcatenatingTransformer(_host, _outputColumnName, _inputColumnNames);
        transformer.GetOutputSchema(input.Schema);
        return transformer;
    }

    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        SchemaShape.Column[] inputs = Array.ConvertAll(_inputColumnNames, name => inputSchema.Require(name));
        SchemaShape.Column first = inputs[0];
        foreach (SchemaShape.Column input in inputs)
        {
            if (!input.ItemType.Equals(first.ItemType) || input.IsKey != first.IsKey)
                throw SchemaErrors.Mismatch(nameof(inputSchema), "input", input.Name, first.ItemType.ToString(), input.GetTypeString());
        }
        return inputSchema.With([Describe(inputs)]);
    }

    private SchemaShape.Column Describe(SchemaShape.Column[] inputs)
    {
        bool knownSize = Array.TrueForAll(inputs, input => input.Kind != SchemaShape.Column.VectorKind.VariableVector);
        bool named = knownSize && Array.Exists(inputs, input => input.Kind == SchemaShape.Column.VectorKind.Scalar
            || input.Annotations.TryFindColumn(AnnotationUtils.Kinds.SlotNames, out _));
        SchemaShape annotations = named
            ? new SchemaShape([new SchemaShape.Column(AnnotationUtils.Kinds.SlotNames, SchemaShape.Column.VectorKind.Vector, TextDataViewType.Instance, false)])
            : null;
        SchemaShape.Column.VectorKind kind = knownSize ? SchemaShape.Column.VectorKind.Vector : SchemaShape.Column.VectorKind.VariableVector;
        return new SchemaShape.Column(_outputColumnName, kind, inputs[0].ItemType, inputs[0].IsKey, annotations);
    }
}
