using System.Numerics;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Kernels.Reduction;

/// <summary><c>ArgMax</c>: the index of the first greatest element along one axis, as Int32 or Int64.</summary>
internal sealed unsafe class ArgMaxKernel : Kernel
{
    private readonly int _length;
    private readonly long _inner = 1, _outer = 1;
    private readonly bool _long;

    public ArgMaxKernel(KernelRequest request) : base(request)
    {
        TensorShape shape = request.Inputs[0].Shape;
        int axis = (int)request.Inputs[1].Constant![0];
        axis = axis < 0 ? axis + shape.Rank : axis;
        _length = shape[axis];
        for (int d = 0; d < shape.Rank; d++)
            if (d < axis)
                _outer *= shape[d];
            else if (d > axis)
                _inner *= shape[d];
        _long = request.Outputs[0].Type == DataType.Int64;
    }

    protected override void RunRange(long first, long last, int part)
    {
        for (long i = first; i < last; i++)
        {
            float* x = Input(0) + (i / _inner * _length * _inner) + (i % _inner);
            int best = 0;
            for (int k = 1; k < _length; k++)
                if (x[k * _inner] > x[best * _inner])
                    best = k;
            if (_long)
                ((long*)OutputAddress())[i] = best;
            else
                ((int*)OutputAddress())[i] = best;
        }
    }

    protected override void Compute() => Share(_outer * _inner, _outer * _inner * _length);
}

/// <summary><c>OneHot</c> of Int32, Int64 or UInt8 indices, float32.</summary>
internal sealed unsafe class OneHotKernel : Kernel
{
    private readonly DataType _type;
    private readonly long _inner = 1, _outer = 1;
    private readonly int _depth;

    public OneHotKernel(KernelRequest request) : base(request)
    {
        TensorShape shape = request.Outputs[0].Shape;
        int axis = (int)request.Attribute("axis").Int;
        axis = axis < 0 ? axis + shape.Rank : axis;
        _depth = shape[axis];
        for (int d = 0; d < shape.Rank; d++)
            if (d < axis)
                _outer *= shape[d];
            else if (d > axis)
                _inner *= shape[d];
        _type = request.Inputs[0].Type;
    }

    protected override void RunRange(long first, long last, int part)
    {
        (float on, float off) = (*Input(2), *Input(3));
        for (long i = first; i < last; i++)
        {
            long index = Index(i);
            float* y = Output() + (i / _inner * _depth * _inner) + (i % _inner);
            for (int k = 0; k < _depth; k++)
                y[k * _inner] = k == index ? on : off;
        }
    }

    protected override void Compute() => Share(_outer * _inner, _outer * _inner * _depth);

    private long Index(long i) => _type switch
    {
        DataType.Int64 => ((long*)InputAddress(0))[i],
        DataType.Int32 => ((int*)InputAddress(0))[i],
        _ => ((byte*)InputAddress(0))[i],
    };
}

/// <summary>
/// <c>Cast</c> between Float, Double, Int32, Int64, UInt64, UInt8 and Bool; floats to integers truncate.
/// </summary>
internal sealed unsafe class CastKernel : Kernel
{
    private readonly DataType _to;
    private readonly DataType _from;
    private readonly long _count;

    public CastKernel(KernelRequest request) : base(request) =>
        (_from, _to, _count) = (request.Inputs[0].Type, request.Outputs[0].Type, request.Outputs[0].Shape.ElementCount);

    public static bool Supports(KernelRequest request) => IsKnown(request.Inputs[0].Type)
        && IsKnown(request.Outputs[0].Type);

    protected override void RunRange(long start, long end, int part)
    {
        switch (_from)
        {
            case DataType.Float:
                From<float>(start, end);
                break;
            case DataType.Double:
                From<double>(start, end);
                break;
            case DataType.Int32:
                From<int>(start, end);
                break;
            case DataType.Int64:
                From<long>(start, end);
                break;
            case DataType.UInt64:
                From<ulong>(start, end);
                break;
            default:
                From<byte>(start, end);
                break;
        }
    }

    protected override void Compute() => Share(_count, _count, LineElements);

    private static bool IsKnown(DataType type) =>
        type is DataType.Float or DataType.Double or DataType.Int32 or DataType.Int64 or DataType.UInt64
        or DataType.UInt8 or DataType.Bool;

    private void From<TFrom>(long start, long end) where TFrom : unmanaged, INumber<TFrom>
    {
        switch (_to)
        {
            case DataType.Float:
                Convert<TFrom, float>(start, end);
                break;
            case DataType.Double:
                Convert<TFrom, double>(start, end);
                break;
            case DataType.Int32:
                Convert<TFrom, int>(start, end);
                break;
            case DataType.Int64:
                Convert<TFrom, long>(start, end);
                break;
            case DataType.UInt64:
                Convert<TFrom, ulong>(start, end);
                break;
            case DataType.UInt8:
                Convert<TFrom, byte>(start, end);
                break;
            default:
                for (long i = start; i < end; i++)
                    ((byte*)OutputAddress())[i] = TFrom.IsZero(((TFrom*)InputAddress(0))[i]) ? (byte)0 : (byte)1;
                break;
        }
    }

    private void Convert<TFrom, TTo>(long start, long end)
        where TFrom : unmanaged, INumber<TFrom> where TTo : unmanaged, INumber<TTo>
    {
        TFrom* x = (TFrom*)InputAddress(0);
        TTo* y = (TTo*)OutputAddress();
        for (long i = start; i < end; i++)
            y[i] = TTo.CreateTruncating(x[i]);
    }
}
