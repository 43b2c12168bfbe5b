using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Movement;

/// <summary>
/// <c>MirrorPadGrad</c>: rows of dy are added where their elements came from. Threads share the first dimension if it is
/// not padded.
/// </summary>
internal sealed unsafe class MirrorPadGradKernel : Kernel
{
    private readonly int[][] _sources;
    private readonly long[] _steps, _resultSteps;
    private readonly long _elements, _results;
    private readonly bool _isShared, _movesRows;

    public MirrorPadGradKernel(KernelRequest request) : base(request)
    {
        (TensorShape dy, TensorShape dx) = (request.Inputs[0].Shape, request.Outputs[0].Shape);
        long[] paddings = request.Inputs[1].Constant
            ?? throw new GraphException($"{request.Node}: input 1 must be a constant.");
        bool reflects = request.Attribute("mode").String == "REFLECT";
        _sources = [.. Enumerable.Range(0, dx.Rank).Select(d =>
            MirrorPad.Sources(dx[d], (int)paddings[2 * d], (int)paddings[(2 * d) + 1], reflects))];
        (_steps, _resultSteps) = (StridedCopy.DenseStrides(dy.Dimensions), StridedCopy.DenseStrides(dx.Dimensions));
        (_elements, _results) = (dy.ElementCount, dx.ElementCount);
        (_isShared, _movesRows) = (dx.Rank > 1 && dx[0] == dy[0], dx.Rank > 0 && dx[^1] == dy[^1]);
    }

    protected override void RunRange(long first, long last, int part)
    {
        if (_isShared)
            for (long i = first; i < last; i++)
                Add(1, Input(0) + (i * _steps[0]), Output() + (i * _resultSteps[0]));
        else if (first < last)
            Add(0, Input(0), Output());
    }

    protected override void Compute()
    {
        FloatSpans.Clear(Output(), _results);
        Share(_isShared ? _sources[0].Length : 1, _elements);
    }

    private void Add(int d, float* dy, float* dx)
    {
        if (d == _sources.Length)
            *dx += *dy;
        else if (d == _sources.Length - 1 && _movesRows)
            FloatSpans.Add(dx, dy, _sources[d].Length);
        else
            for (int i = 0; i < _sources[d].Length; i++)
                Add(d + 1, dy + (i * _steps[d]), dx + (_sources[d][i] * _resultSteps[d]));
    }
}
