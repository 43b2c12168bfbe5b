using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Base of transformers that compute each new column from one input column.</summary>
public abstract class OneToOneTransformerBase : RowToRowTransformerBase
{
    private protected readonly (string OutputColumnName, string InputColumnName)[] ColumnPairs;

    private protected OneToOneTransformerBase(IHost host, params (string OutputColumnName, string InputColumnName)[] columns)
        : base(host)
    {
        ArgumentNullException.ThrowIfNull(columns);
        if (columns.Length == 0)
            throw new ArgumentOutOfRangeException(nameof(columns), "At least one column is needed");
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string output, string input) in columns)
        {
            ArgumentException.ThrowIfNullOrEmpty(output);
            ArgumentException.ThrowIfNullOrEmpty(input);
            if (!names.Add(output))
                throw new ArgumentOutOfRangeException(nameof(columns), $"Output column '{output}' specified multiple times");
        }
        ColumnPairs = columns;
    }

    /// <summary>Writes the column names; <see cref="LoadColumns"/> reads them.</summary>
    private protected void SaveColumns(ModelSaveContext ctx)
    {
        ctx.Writer.Write(ColumnPairs.Length);
        foreach ((string output, string input) in ColumnPairs)
        {
            ctx.SaveNonEmptyString(output);
            ctx.SaveNonEmptyString(input);
        }
    }

    private protected static (string OutputColumnName, string InputColumnName)[] LoadColumns(ModelLoadContext ctx)
    {
        int count = ctx.Reader.ReadInt32();
        if (count <= 0 || count > ctx.Reader.BaseStream.Length)
            throw new FormatException($"Corrupt model file: {count} columns");
        return Enumerable.Range(0, count).Select(_ => (ctx.LoadNonEmptyString(), ctx.LoadNonEmptyString())).ToArray();
    }

    /// <summary>Finds the input columns; deriving mappers check their types, and give the new columns and their getters.</summary>
    private protected abstract class OneToOneMapper : RowMapper
    {
        private readonly DataViewSchema.Column[] _inputs;

        protected OneToOneMapper(OneToOneTransformerBase parent, DataViewSchema inputSchema)
            : base(inputSchema) => _inputs = Array.ConvertAll(parent.ColumnPairs, p => inputSchema.Require(p.InputColumnName));

        /// <summary>The input column of the new column.</summary>
        protected DataViewSchema.Column InputColumn(int output) => _inputs[output];

        protected override IEnumerable<int> GetInputs(int output) => [_inputs[output].Index];

        protected override Delegate[] CreateGetters(DataViewRow input, Func<int, bool> isActive, out Action disposer)
        {
            disposer = null;
            var getters = new Delegate[_inputs.Length];
            for (int i = 0; i < getters.Length; i++)
                getters[i] = isActive(i) ? CreateGetter(input, i) : null;
            return getters;
        }

        /// <summary>The <see cref="ValueGetter{TValue}"/> of a new column.</summary>
        protected abstract Delegate CreateGetter(DataViewRow input, int output);
    }
}
