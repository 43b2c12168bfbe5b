using System.Runtime.Intrinsics.X86;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary>
/// Kernels of the oneDNN library (version 2; Debian's and Ubuntu's package libdnnl2), for the ops where it is faster than managed code. Float32 and bfloat16. It
/// refuses what it does not cover, so that another backend must stand behind it.
/// </summary>
/// <remarks>
/// Threads are those of <see cref="WorkerPool"/>, and as many: each runs oneDNN on its share of the images, with oneDNN's own threading held to one thread, so
/// that no OpenMP workers spin beside ours. To say so, preparing and running a kernel set the OpenMP thread count of the threads involved to 1
/// (<c>omp_set_num_threads</c>); other users of OpenMP on the same thread see that. The same thread count gives the same bits.
/// Left to the managed backend, by measurement on one thread with AVX-512: batch normalization (16x56x56x64: training 5.3 ms to 6.3, its gradient 6.2 to 6.8)
/// and elementwise ops (ReLU 2.8 to 2.4), which are bound by memory; the gradient of LRN; convolutions whose filter covers the image.
/// </remarks>
internal sealed class OneDnnBackend : IBackend
{
    private OneDnnBackend() { }

    /// <inheritdoc/>
    public string Name => "onednn";

    /// <inheritdoc/>
    public IReadOnlyList<IKernelFactory> Factories { get; } =
    [
        new ConvolutionFactory("Conv2D"), new ConvolutionFactory("DepthwiseConv2dNative"), new FusedConvolutionFactory("_FusedConv2D"), new FusedConvolutionFactory("_FusedDepthwiseConv2dNative"),
        new ConvolutionInputGradientFactory("Conv2DBackpropInput"), new ConvolutionInputGradientFactory("DepthwiseConv2dNativeBackpropInput"),
        new ConvolutionFilterGradientFactory("Conv2DBackpropFilter"), new ConvolutionFilterGradientFactory("DepthwiseConv2dNativeBackpropFilter"),
        new MatMulFactory(), new FusedMatMulFactory(),
        new PoolingFactory("MaxPool", DnnlAlgorithm.PoolingMax), new PoolingFactory("AvgPool", DnnlAlgorithm.PoolingAverageExcludePadding),
        new MaxPoolingGradientFactory(), new AveragePoolingGradientFactory(), new LrnFactory(), new SoftmaxFactory(),
    ];

    /// <inheritdoc/>
    /// <remarks>bfloat16 runs everywhere where there is AVX-512, but only AMX-BF16 and AVX512-BF16 multiply it; elsewhere it is emulated, at a fraction of float32's speed.</remarks>
    public bool Accelerates(DataType type) => type == DataType.Float || (type == DataType.BFloat16 && ProcessorFeatures.MultipliesBFloat16);

    /// <summary>Loads the library, once per process.</summary>
    /// <remarks>
    /// Without AVX-512 it is left alone: there version 2.6's gradient of a strided 1x1 convolution writes beyond the scratch memory that it asked for,
    /// and the managed kernels are about as fast.
    /// </remarks>
    /// <param name="reason">Why there is no backend; empty on success. Meant for one line in a log.</param>
    /// <returns>The backend, or null.</returns>
    public static OneDnnBackend? TryCreate(out string reason)
    {
        if (!Avx512F.IsSupported)
        {
            reason = "the processor has no AVX-512";
            return null;
        }
        return DnnlLibrary.TryLoad(out reason) ? new OneDnnBackend() : null;
    }
}
