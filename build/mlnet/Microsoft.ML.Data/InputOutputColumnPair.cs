using System;
using System.Collections.Generic;
using System.Linq;

namespace Microsoft.ML;

/// <summary>An output column and the input column that it is made of.</summary>
public sealed class InputOutputColumnPair
{
    /// <summary>A pair; the input has the output's name if none is given.</summary>
    public InputOutputColumnPair(string outputColumnName, string inputColumnName = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        OutputColumnName = outputColumnName;
        InputColumnName = inputColumnName ?? outputColumnName;
    }

    /// <summary>The input column.</summary>
    public string InputColumnName { get; }

    /// <summary>The output column.</summary>
    public string OutputColumnName { get; }

    internal static (string OutputColumnName, string InputColumnName)[] ConvertToValueTuples(IEnumerable<InputOutputColumnPair> pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        return pairs.Select(p => (p.OutputColumnName, p.InputColumnName)).ToArray();
    }
}
