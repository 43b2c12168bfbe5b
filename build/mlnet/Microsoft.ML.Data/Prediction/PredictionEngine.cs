using System;
using System.Linq;
using Microsoft.ML.Data;

namespace Microsoft.ML;

/// <summary>Predicts single objects. It is not for several threads at a time.</summary>
public abstract class PredictionEngineBase<TSrc, TDst> : IDisposable
    where TSrc : class
    where TDst : class, new()
{
    private readonly ObjectRow<TSrc> _input;
    private readonly DataViewRow _output;
    private readonly Action<TDst> _fill;
    private readonly ITransformer _owned;
    private bool _disposed;

    private protected PredictionEngineBase(ITransformer transformer, PredictionEngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(transformer);
        ArgumentNullException.ThrowIfNull(options);
        if (!transformer.IsRowToRowMapper)
            throw new ArgumentOutOfRangeException(nameof(transformer), "Must be a row to row mapper");
        MemberBinding[] bindings = MemberBinding.Bind(typeof(TSrc), options.InputSchemaDefinition, SchemaDefinition.Direction.Read);
        DataViewSchema schema = MemberBinding.SchemaOf(bindings);
        IRowToRowMapper mapper = transformer.GetRowToRowMapper(schema);
        var reader = new TypedRowReader<TDst>(mapper.OutputSchema, options.IgnoreMissingColumns, options.OutputSchemaDefinition);
        DataViewSchema.Column[] needed = mapper.GetDependencies(reader.Columns).ToArray();
        _input = new ObjectRow<TSrc>(schema, bindings, needed);
        _output = mapper.GetRow(_input, reader.Columns);
        _fill = reader.CreateFiller(_output);
        _owned = options.OwnsTransformer ? transformer : null;
        OutputSchema = mapper.OutputSchema;
    }

    /// <summary>The schema of what the transformer makes of an object.</summary>
    public DataViewSchema OutputSchema { get; }

    /// <summary>Predicts an object.</summary>
    public TDst Predict(TSrc example)
    {
        var result = new TDst();
        Predict(example, ref result);
        return result;
    }

    /// <summary>Predicts an object into an old result.</summary>
    public abstract void Predict(TSrc example, ref TDst prediction);

    /// <summary>Disposes the engine, and the transformer unless the options say otherwise.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _output.Dispose();
        (_owned as IDisposable)?.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected void Fill(TSrc example, ref TDst prediction)
    {
        ArgumentNullException.ThrowIfNull(example);
        _input.MoveTo(example);
        prediction ??= new TDst();
        _fill(prediction);
    }
}

/// <summary>Predicts single objects. It is not for several threads at a time.</summary>
public sealed class PredictionEngine<TSrc, TDst> : PredictionEngineBase<TSrc, TDst>
    where TSrc : class
    where TDst : class, new()
{
    internal PredictionEngine(ITransformer transformer, PredictionEngineOptions options)
        : base(transformer, options)
    {
    }

    /// <inheritdoc/>
    public override void Predict(TSrc example, ref TDst prediction) => Fill(example, ref prediction);
}

/// <summary>How a prediction engine binds.</summary>
public sealed class PredictionEngineOptions
{
    /// <summary>Whether members without a column keep their defaults.</summary>
    public bool IgnoreMissingColumns = true;

    /// <summary>How the members of the example are columns.</summary>
    public SchemaDefinition InputSchemaDefinition;

    /// <summary>How the members of the prediction are columns.</summary>
    public SchemaDefinition OutputSchemaDefinition;

    /// <summary>Whether the engine disposes the transformer.</summary>
    public bool OwnsTransformer = true;

    /// <summary>The defaults.</summary>
    public PredictionEngineOptions()
    {
    }
}
