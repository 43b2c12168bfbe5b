using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary><c>dnnl_prop_kind_t</c>.</summary>
internal enum DnnlPropagation
{
    ForwardTraining = 64,
    ForwardInference = 96,
    Backward = 128,
    BackwardData = 160,
}

/// <summary><c>dnnl_alg_kind_t</c>, as far as it is used.</summary>
internal enum DnnlAlgorithm
{
    ConvolutionDirect = 0x1,
    EltwiseRelu = 0x1f,
    EltwiseTanh = 0x2f,
    EltwiseLogistic = 0xaf,
    EltwiseClip = 0xff,
    PoolingMax = 0x1ff,
    PoolingAverageExcludePadding = 0x3ff,
    LrnAcrossChannels = 0xaff,
}

/// <summary><c>dnnl_data_type_t</c>, as far as it is used.</summary>
internal enum DnnlDataType
{
    BFloat16 = 2,
    Float32 = 3,
}

/// <summary><c>dnnl_query_t</c>, as far as it is used.</summary>
internal enum DnnlQuery
{
    ImplementationName = 8,
    Source = 129,
    SourceGradient = 130,
    Weights = 131,
    WeightsGradient = 132,
    Destination = 133,
    DestinationGradient = 134,
    Workspace = 135,
    Scratchpad = 136,
}

/// <summary><c>DNNL_ARG_…</c>: what an argument of an execution is.</summary>
internal enum DnnlArgument
{
    Source = 1,
    Source1 = 2,
    Destination = 17,
    Weights = 33,
    Bias = 41,
    Mean = 49,
    Variance = 50,
    Scale = 51,
    Shift = 52,
    Workspace = 64,
    Scratchpad = 80,
    SourceGradient = 129,
    DestinationGradient = 145,
    WeightsGradient = 161,
    ScaleGradient = 255,
    ShiftGradient = 256,
}

/// <summary><c>dnnl_normalization_flags_t</c>.</summary>
[Flags]
internal enum DnnlNormalization : uint
{
    None = 0,
    UseGlobalStatistics = 1,
    UseScale = 8,
    UseShift = 16,
}

/// <summary><c>dnnl_dims_t</c>: up to 12 dimensions or strides.</summary>
[InlineArray(MaxRank)]
internal struct DnnlDims
{
    public const int MaxRank = 12;
    private long _first;

    public static DnnlDims Of(params ReadOnlySpan<long> values)
    {
        DnnlDims dims = default;
        values.CopyTo(dims);
        return dims;
    }
}

/// <summary><c>dnnl_memory_desc_t</c>: dimensions in oneDNN's order (N C H W, G O I H W) and where their elements lie. All zero: no tensor.</summary>
[StructLayout(LayoutKind.Explicit, Size = 696)]
internal struct DnnlMemoryDesc
{
    private const int FormatAny = 1;

    [FieldOffset(0)] private readonly int _rank;
    [FieldOffset(8)] private readonly DnnlDims _dims;
    [FieldOffset(312)] private readonly int _formatKind;

    /// <summary>Bytes that a buffer of this description takes.</summary>
    public readonly long ByteLength => DnnlNative.ByteLength(this);

    /// <summary>Number of dimensions.</summary>
    public readonly int Rank => _rank;

    /// <summary>One dimension.</summary>
    public readonly long Dimension(int index) => _dims[index];

    /// <summary>Whether this describes no tensor.</summary>
    public readonly bool IsEmpty => _formatKind == 0;

    /// <summary>Elements at the given strides.</summary>
    public static DnnlMemoryDesc Strided(ReadOnlySpan<long> dims, ReadOnlySpan<long> strides, DnnlDataType type = DnnlDataType.Float32) =>
        DnnlNative.DescribeByStrides(dims.Length, DnnlDims.Of(dims), (int)type, DnnlDims.Of(strides));

    /// <summary>Elements in whatever format the implementation likes best.</summary>
    public static DnnlMemoryDesc Any(DnnlDataType type, params ReadOnlySpan<long> dims) =>
        DnnlNative.DescribeByTag(dims.Length, DnnlDims.Of(dims), (int)type, FormatAny);

    /// <summary>A dense vector of floats.</summary>
    public static DnnlMemoryDesc Vector(long length) => Strided([length], [1]);

    /// <summary>A dense image batch, channels innermost.</summary>
    public static DnnlMemoryDesc Nhwc(long n, long h, long w, long c, DnnlDataType type = DnnlDataType.Float32) => Strided([n, c, h, w], [h * w * c, 1, w * c, c], type);

    /// <summary>An image batch whose pixels are ranges of channels of a larger one.</summary>
    /// <param name="n">Images.</param>
    /// <param name="h">Rows.</param>
    /// <param name="w">Columns.</param>
    /// <param name="c">Channels.</param>
    /// <param name="pitch">Elements from one pixel to the next.</param>
    /// <param name="type">Element type.</param>
    public static DnnlMemoryDesc NhwcRange(long n, long h, long w, long c, long pitch, DnnlDataType type) => Strided([n, c, h, w], [h * w * pitch, 1, w * pitch, pitch], type);

    /// <summary>Whether both describe the same dimensions and layout.</summary>
    public readonly bool Matches(in DnnlMemoryDesc other) => DnnlNative.AreEqual(this, other);

    /// <summary>A box of this tensor, described relative to the whole's first byte; empty when the layout's blocks do not allow it.</summary>
    public readonly DnnlMemoryDesc Slice(ReadOnlySpan<long> dims, ReadOnlySpan<long> offsets) =>
        DnnlNative.TrySlice(this, DnnlDims.Of(dims), DnnlDims.Of(offsets), out DnnlMemoryDesc slice) ? slice : default;
}

/// <summary><c>dnnl_convolution_desc_t</c>, filled by oneDNN only.</summary>
[StructLayout(LayoutKind.Sequential, Size = 5976)]
internal struct DnnlConvolutionDesc
{
    private int _kind;
}

/// <summary><c>dnnl_pooling_v2_desc_t</c>, filled by oneDNN only.</summary>
[StructLayout(LayoutKind.Sequential, Size = 3288)]
internal struct DnnlPoolingDesc
{
    private int _kind;
}

/// <summary><c>dnnl_lrn_desc_t</c>, filled by oneDNN only.</summary>
[StructLayout(LayoutKind.Sequential, Size = 1432)]
internal struct DnnlLrnDesc
{
    private int _kind;
}

/// <summary><c>dnnl_batch_normalization_desc_t</c>, filled by oneDNN only.</summary>
[StructLayout(LayoutKind.Sequential, Size = 3496)]
internal struct DnnlBatchNormalizationDesc
{
    private int _kind;
}

/// <summary><c>dnnl_matmul_desc_t</c>, filled by oneDNN only.</summary>
[StructLayout(LayoutKind.Sequential, Size = 2800)]
internal struct DnnlMatMulDesc
{
    private int _kind;
}

/// <summary><c>dnnl_softmax_desc_t</c>, filled by oneDNN only.</summary>
[StructLayout(LayoutKind.Sequential, Size = 1408)]
internal struct DnnlSoftmaxDesc
{
    private int _kind;
}

/// <summary><c>dnnl_exec_arg_t</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DnnlExecutionArgument
{
    public DnnlArgument Argument;
    public nint Memory;
}

/// <summary><c>dnnl_version_t</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DnnlVersion
{
    /// <summary>The CPU runtime of an OpenMP build.</summary>
    public const uint OpenMP = 2;

    public int Major;
    public int Minor;
    public int Patch;
    public nint Hash;
    public uint CpuRuntime;
    public uint GpuRuntime;
}

/// <summary>Element types that oneDNN and graphs share.</summary>
internal static class DnnlTypes
{
    /// <summary>oneDNN's number of a type; null for one that no kernel here takes.</summary>
    public static DnnlDataType? Of(DataType type) => type switch
    {
        DataType.Float => DnnlDataType.Float32,
        DataType.BFloat16 => DnnlDataType.BFloat16,
        _ => null,
    };

    /// <summary>Bytes of an element.</summary>
    public static int ByteSize(DnnlDataType type) => type == DnnlDataType.Float32 ? sizeof(float) : sizeof(ushort);
}
