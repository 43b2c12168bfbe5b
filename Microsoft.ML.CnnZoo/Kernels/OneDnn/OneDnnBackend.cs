using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary>
/// Kernels of the oneDNN library (version 2; Debian's and Ubuntu's package libdnnl2), for the ops where it is faster than managed code. Float32. It
/// refuses what it does not cover, so that another backend must stand behind it.
/// </summary>
/// <remarks>
/// Threads are those of <see cref="WorkerPool"/>: each runs oneDNN on its share of the batch, with oneDNN's own threading held to one thread. Only where a
/// batch cannot be shared does oneDNN use its OpenMP threads, as many as <see cref="WorkerPool.ThreadCount"/>. To say so it sets the calling thread's
/// OpenMP thread count (<c>omp_set_num_threads</c>); other users of OpenMP on that thread see the change.
/// </remarks>
public sealed class OneDnnBackend : IBackend
{
    private OneDnnBackend() { }

    /// <inheritdoc/>
    public string Name => "onednn";

    /// <inheritdoc/>
    public IReadOnlyList<IKernelFactory> Factories { get; } =
    [
        new ConvolutionFactory("Conv2D"), new ConvolutionFactory("DepthwiseConv2dNative"), new FusedConvolutionFactory(),
        new ConvolutionInputGradientFactory("Conv2DBackpropInput"), new ConvolutionInputGradientFactory("DepthwiseConv2dNativeBackpropInput"),
        new ConvolutionFilterGradientFactory("Conv2DBackpropFilter"), new ConvolutionFilterGradientFactory("DepthwiseConv2dNativeBackpropFilter"),
        new MatMulFactory(), new FusedMatMulFactory(),
        new PoolingFactory("MaxPool", DnnlAlgorithm.PoolingMax), new PoolingFactory("AvgPool", DnnlAlgorithm.PoolingAverageExcludePadding),
        new MaxPoolingGradientFactory(), new AveragePoolingGradientFactory(), new LrnFactory(), new LrnGradientFactory(),
    ];

    /// <summary>Loads the library, once per process.</summary>
    /// <param name="reason">Why there is no backend: the library is absent or of another version; empty on success. Meant for one line in a log.</param>
    /// <returns>The backend, or null.</returns>
    public static OneDnnBackend? TryCreate(out string reason) => DnnlLibrary.TryLoad(out reason) ? new OneDnnBackend() : null;
}
