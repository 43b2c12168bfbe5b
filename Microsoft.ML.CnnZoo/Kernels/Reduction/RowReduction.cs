using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Kernels.Reduction;

/// <summary>
/// A reduction over any axes. Adjacent dimensions that are all kept or all reduced are merged; the rows of the last one
/// are combined into single elements of the result or, if it is kept, into rows. Threads share the first kept dimension:
/// the order of sums does not depend on their number.
/// </summary>
internal abstract unsafe class RowReduction : Kernel
{
    private readonly long[] _dims, _steps, _resultSteps;
    private readonly int _shared;

    protected RowReduction(KernelRequest request) : base(request)
    {
        (_dims, bool[] isReduced) = Merged(request);
        (_steps, _resultSteps) = (new long[_dims.Length], new long[_dims.Length]);
        (Elements, Results) = (1, 1);
        for (int d = _dims.Length - 1; d >= 0; d--)
        {
            (_steps[d], _resultSteps[d]) = (Elements, isReduced[d] ? 0 : Results);
            Elements *= _dims[d];
            Results *= isReduced[d] ? 1 : _dims[d];
        }
        _shared = Array.IndexOf(isReduced, false);
        ReducesRows = isReduced[^1];
    }

    /// <summary>Elements of the input.</summary>
    protected long Elements { get; }

    /// <summary>Elements of the result.</summary>
    protected long Results { get; }

    /// <summary>Whether a row gives one element of the result.</summary>
    protected bool ReducesRows { get; }

    /// <summary>Which dimensions of input 0 a node reduces.</summary>
    public static bool[] ReducedAxes(KernelRequest request)
    {
        var reduced = new bool[request.Inputs[0].Shape.Rank];
        foreach (long axis in request.Inputs[1].Constant
            ?? throw new GraphException($"{request.Node}: the axes must be a constant."))
            reduced[axis < 0 ? axis + reduced.Length : axis] = true;
        return reduced;
    }

    /// <summary>Whether there are kept dimensions between reduced ones.</summary>
    public static bool IsScattered(KernelRequest request) => Merged(request).IsReduced.Count(r => r) > 1;

    protected override void RunRange(long first, long last, int part)
    {
        if (first < last)
            Walk(0, 0, 0, first, last);
    }

    /// <summary>Combines all rows.</summary>
    protected void CombineAll() => Share(_shared >= 0 ? _dims[_shared] : 1, Elements,
        _shared == _dims.Length - 1 ? LineElements : 1);

    /// <summary>Combines a row with the result so far.</summary>
    /// <param name="x">The row.</param>
    /// <param name="n">Its length.</param>
    /// <param name="result">Index of the element, or of the first one, that it belongs to.</param>
    protected abstract void Combine(float* x, long n, long result);

    private void Walk(int d, long x, long result, long first, long last)
    {
        (long i, long end) = d == _shared ? (first, last) : (0, _dims[d]);
        if (d == _dims.Length - 1)
            Combine(Input(0) + x + i, end - i, result + (i * _resultSteps[d]));
        else
            for (; i < end; i++)
                Walk(d + 1, x + (i * _steps[d]), result + (i * _resultSteps[d]), first, last);
    }

    private static (long[] Dims, bool[] IsReduced) Merged(KernelRequest request)
    {
        bool[] isReduced = ReducedAxes(request);
        TensorShape shape = request.Inputs[0].Shape;
        var dims = new List<long>();
        var reduced = new List<bool>();
        for (int d = 0; d < shape.Rank; d++)
            if (shape[d] == 1)
                continue;
            else if (reduced.Count > 0 && reduced[^1] == isReduced[d])
                dims[^1] *= shape[d];
            else
            {
                dims.Add(shape[d]);
                reduced.Add(isReduced[d]);
            }
        return dims.Count > 0 ? ([.. dims], [.. reduced]) : ([1], [false]);
    }
}
