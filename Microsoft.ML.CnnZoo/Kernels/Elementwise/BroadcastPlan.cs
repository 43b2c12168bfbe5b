using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Kernels.Elementwise;

/// <summary>
/// The loops of an elementwise op with broadcasting: adjacent dimensions with the same layout in every operand are
/// merged; the last one is the inner loop.
/// </summary>
internal sealed class BroadcastPlan
{
    private readonly int[] _dims;
    private readonly long[][] _strides;

    /// <param name="output">Shape of the result.</param>
    /// <param name="operands">Operands whose shapes broadcast to it.</param>
    public BroadcastPlan(TensorShape output, params ReadOnlySpan<KernelInput> operands)
    {
        var dims = new List<int>();
        var strides = new List<long>[operands.Length];
        for (int o = 0; o < operands.Length; o++)
            strides[o] = [];
        for (int d = output.Rank - 1; d >= 0; d--)
        {
            if (output[d] == 1)
                continue;
            bool merges = dims.Count > 0;
            var step = new long[operands.Length];
            for (int o = 0; o < operands.Length; o++)
            {
                step[o] = Stride(operands[o], output.Rank, d);
                merges = merges && step[o] == strides[o][^1] * dims[^1];
            }
            if (merges)
            {
                dims[^1] *= output[d];
                continue;
            }
            dims.Add(output[d]);
            for (int o = 0; o < operands.Length; o++)
                strides[o].Add(step[o]);
        }
        if (dims.Count == 0)
        {
            dims.Add(1);
            foreach (List<long> list in strides)
                list.Add(0);
        }
        _dims = [.. dims];
        _strides = Array.ConvertAll(strides, s => s.ToArray());
        Rows = 1;
        for (int d = 1; d < _dims.Length; d++)
            Rows *= _dims[d];
    }

    /// <summary>Elements of the inner loop.</summary>
    public int Columns => _dims[0];

    /// <summary>Runs of the inner loop.</summary>
    public long Rows { get; }

    /// <summary>
    /// Runs of the inner loop between which each operand moves by the same <see cref="RowStep"/>; a multiple of them
    /// starts anew.
    /// </summary>
    public int AdjacentRows => _dims.Length > 1 ? _dims[1] : 1;

    /// <summary>Elements from one run of the inner loop to the next of the adjacent ones.</summary>
    public long RowStep(int operand) => _dims.Length > 1 ? _strides[operand][1] : 0;

    /// <summary>Whether adjacent runs of the inner loop read adjacent elements of an operand.</summary>
    public bool IsDense(int operand) => Step(operand) == 1 && RowStep(operand) == Columns;

    /// <summary>Step of an operand in the inner loop: 1, or 0 where it is repeated.</summary>
    public int Step(int operand) => (int)_strides[operand][0];

    /// <summary>Offset of an operand's first element for a run of the inner loop.</summary>
    public long Offset(int operand, long row)
    {
        long offset = 0;
        for (int d = 1; d < _dims.Length; d++)
        {
            offset += row % _dims[d] * _strides[operand][d];
            row /= _dims[d];
        }
        return offset;
    }

    private static long Stride(in KernelInput operand, int rank, int dimension)
    {
        TensorShape shape = operand.Shape;
        int own = dimension - (rank - shape.Rank);
        if (own < 0 || shape[own] == 1)
            return 0;
        if (own == shape.Rank - 1)
            return 1;
        long stride = operand.Pitch;
        for (int d = own + 1; d < shape.Rank - 1; d++)
            stride *= shape[d];
        return stride;
    }
}
