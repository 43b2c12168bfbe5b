using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

/// <summary>A tensor in double precision with simple index arithmetic: the reference for kernels.</summary>
internal sealed class NaiveTensor
{
    public NaiveTensor(TensorShape shape)
    {
        Shape = shape;
        Data = new double[shape.ElementCount];
    }

    public NaiveTensor(TensorShape shape, double[] data)
    {
        Shape = shape;
        Data = data;
    }

    public TensorShape Shape { get; }

    public double[] Data { get; }

    public double this[params ReadOnlySpan<int> index]
    {
        get => Data[Offset(index)];
        set => Data[Offset(index)] = value;
    }

    public static NaiveTensor From(Tensor tensor) => new(tensor.Shape, tensor.Spec.Type switch
    {
        DataType.Float => Array.ConvertAll(tensor.Values<float>().ToArray(), v => (double)v),
        DataType.Int32 => Array.ConvertAll(tensor.Values<int>().ToArray(), v => (double)v),
        DataType.Int64 => Array.ConvertAll(tensor.Values<long>().ToArray(), v => (double)v),
        DataType.UInt8 => Array.ConvertAll(tensor.Values<byte>().ToArray(), v => (double)v),
        DataType.Bool => Array.ConvertAll(tensor.Values<bool>().ToArray(), v => v ? 1.0 : 0.0),
        DataType.Double => tensor.Values<double>().ToArray(),
        DataType.BFloat16 =>
            Array.ConvertAll(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ushort>(tensor.Bytes).ToArray(),
            v => (double)BitConverter.UInt32BitsToSingle((uint)v << 16)),
        _ => throw new NotSupportedException($"No naive form of {tensor.Spec.Type}."),
    });

    public Tensor ToFloat() => Tensor.Of<float>(Shape, Array.ConvertAll(Data, v => (float)v));

    /// <summary>All indices of a shape, row-major; the array is reused.</summary>
    public static IEnumerable<int[]> Indices(TensorShape shape)
    {
        var index = new int[shape.Rank];
        for (long n = shape.ElementCount; n > 0; n--)
        {
            yield return index;
            for (int d = shape.Rank - 1; d >= 0 && ++index[d] == shape[d]; d--)
                index[d] = 0;
        }
    }

    /// <summary>The element that broadcasting reads for an index of the (larger) result.</summary>
    public double Broadcast(int[] index)
    {
        long offset = 0;
        for (int d = 0; d < Shape.Rank; d++)
            offset = offset * Shape[d] + (Shape[d] == 1 ? 0 : index[index.Length - Shape.Rank + d]);
        return Data[offset];
    }

    private long Offset(ReadOnlySpan<int> index)
    {
        long offset = 0;
        for (int d = 0; d < index.Length; d++)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index[d], (uint)Shape[d]);
            offset = offset * Shape[d] + index[d];
        }
        return offset;
    }
}
