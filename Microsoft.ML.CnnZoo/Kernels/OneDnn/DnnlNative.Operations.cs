using System.Runtime.InteropServices;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary>The <c>…_desc_init</c> calls: what an operation computes, before an implementation is chosen.</summary>
internal static partial class DnnlNative
{
    /// <summary>Dimensions of a sliding window, all in the order height, width.</summary>
    /// <param name="Strides">Steps of the window.</param>
    /// <param name="Dilations">Elements left out between taps: 0 is dense.</param>
    /// <param name="PadBefore">Zeros above and left.</param>
    /// <param name="PadAfter">Zeros below and right.</param>
    internal readonly record struct Window(DnnlDims Strides, DnnlDims Dilations, DnnlDims PadBefore, DnnlDims PadAfter);

    public static DnnlConvolutionDesc ConvolutionForward(in DnnlMemoryDesc x, in DnnlMemoryDesc w, in DnnlMemoryDesc bias, in DnnlMemoryDesc y, in Window window)
    {
        DnnlException.ThrowIfFailed(dnnl_dilated_convolution_forward_desc_init(out DnnlConvolutionDesc desc, DnnlPropagation.ForwardTraining, DnnlAlgorithm.ConvolutionDirect,
            x, w, bias, y, window.Strides, window.Dilations, window.PadBefore, window.PadAfter), nameof(dnnl_dilated_convolution_forward_desc_init));
        return desc;
    }

    public static DnnlConvolutionDesc ConvolutionBackwardData(in DnnlMemoryDesc dx, in DnnlMemoryDesc w, in DnnlMemoryDesc dy, in Window window)
    {
        DnnlException.ThrowIfFailed(dnnl_dilated_convolution_backward_data_desc_init(out DnnlConvolutionDesc desc, DnnlAlgorithm.ConvolutionDirect,
            dx, w, dy, window.Strides, window.Dilations, window.PadBefore, window.PadAfter), nameof(dnnl_dilated_convolution_backward_data_desc_init));
        return desc;
    }

    public static DnnlConvolutionDesc ConvolutionBackwardWeights(in DnnlMemoryDesc x, in DnnlMemoryDesc dw, in DnnlMemoryDesc dy, in Window window)
    {
        DnnlException.ThrowIfFailed(dnnl_dilated_convolution_backward_weights_desc_init(out DnnlConvolutionDesc desc, DnnlAlgorithm.ConvolutionDirect,
            x, dw, default, dy, window.Strides, window.Dilations, window.PadBefore, window.PadAfter), nameof(dnnl_dilated_convolution_backward_weights_desc_init));
        return desc;
    }

    public static DnnlMatMulDesc MatMul(in DnnlMemoryDesc a, in DnnlMemoryDesc b, in DnnlMemoryDesc bias, in DnnlMemoryDesc c)
    {
        DnnlException.ThrowIfFailed(dnnl_matmul_desc_init(out DnnlMatMulDesc desc, a, b, bias, c), nameof(dnnl_matmul_desc_init));
        return desc;
    }

    public static DnnlPoolingDesc PoolingForward(DnnlPropagation propagation, DnnlAlgorithm algorithm, in DnnlMemoryDesc x, in DnnlMemoryDesc y, in Window window, in DnnlDims size)
    {
        DnnlException.ThrowIfFailed(dnnl_pooling_v2_forward_desc_init(out DnnlPoolingDesc desc, propagation, algorithm, x, y, window.Strides, size, window.Dilations,
            window.PadBefore, window.PadAfter), nameof(dnnl_pooling_v2_forward_desc_init));
        return desc;
    }

    public static DnnlPoolingDesc PoolingBackward(DnnlAlgorithm algorithm, in DnnlMemoryDesc dx, in DnnlMemoryDesc dy, in Window window, in DnnlDims size)
    {
        DnnlException.ThrowIfFailed(dnnl_pooling_v2_backward_desc_init(out DnnlPoolingDesc desc, algorithm, dx, dy, window.Strides, size, window.Dilations,
            window.PadBefore, window.PadAfter), nameof(dnnl_pooling_v2_backward_desc_init));
        return desc;
    }

    public static DnnlLrnDesc LrnForward(DnnlPropagation propagation, in DnnlMemoryDesc data, int size, float alpha, float beta, float bias)
    {
        DnnlException.ThrowIfFailed(dnnl_lrn_forward_desc_init(out DnnlLrnDesc desc, propagation, DnnlAlgorithm.LrnAcrossChannels, data, size, alpha, beta, bias),
            nameof(dnnl_lrn_forward_desc_init));
        return desc;
    }

    public static DnnlSoftmaxDesc SoftmaxForward(in DnnlMemoryDesc data, int axis)
    {
        DnnlException.ThrowIfFailed(dnnl_softmax_forward_desc_init(out DnnlSoftmaxDesc desc, DnnlPropagation.ForwardInference, data, axis), nameof(dnnl_softmax_forward_desc_init));
        return desc;
    }

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_dilated_convolution_forward_desc_init(out DnnlConvolutionDesc desc, DnnlPropagation propagation, DnnlAlgorithm algorithm,
        in DnnlMemoryDesc x, in DnnlMemoryDesc w, in DnnlMemoryDesc bias, in DnnlMemoryDesc y, in DnnlDims strides, in DnnlDims dilates, in DnnlDims padLeft, in DnnlDims padRight);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_dilated_convolution_backward_data_desc_init(out DnnlConvolutionDesc desc, DnnlAlgorithm algorithm,
        in DnnlMemoryDesc dx, in DnnlMemoryDesc w, in DnnlMemoryDesc dy, in DnnlDims strides, in DnnlDims dilates, in DnnlDims padLeft, in DnnlDims padRight);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_dilated_convolution_backward_weights_desc_init(out DnnlConvolutionDesc desc, DnnlAlgorithm algorithm,
        in DnnlMemoryDesc x, in DnnlMemoryDesc dw, in DnnlMemoryDesc dbias, in DnnlMemoryDesc dy, in DnnlDims strides, in DnnlDims dilates, in DnnlDims padLeft, in DnnlDims padRight);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_matmul_desc_init(out DnnlMatMulDesc desc, in DnnlMemoryDesc a, in DnnlMemoryDesc b, in DnnlMemoryDesc bias, in DnnlMemoryDesc c);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_pooling_v2_forward_desc_init(out DnnlPoolingDesc desc, DnnlPropagation propagation, DnnlAlgorithm algorithm, in DnnlMemoryDesc x,
        in DnnlMemoryDesc y, in DnnlDims strides, in DnnlDims kernel, in DnnlDims dilation, in DnnlDims padLeft, in DnnlDims padRight);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_pooling_v2_backward_desc_init(out DnnlPoolingDesc desc, DnnlAlgorithm algorithm, in DnnlMemoryDesc dx,
        in DnnlMemoryDesc dy, in DnnlDims strides, in DnnlDims kernel, in DnnlDims dilation, in DnnlDims padLeft, in DnnlDims padRight);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_lrn_forward_desc_init(out DnnlLrnDesc desc, DnnlPropagation propagation, DnnlAlgorithm algorithm, in DnnlMemoryDesc data,
        long size, float alpha, float beta, float bias);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_softmax_forward_desc_init(out DnnlSoftmaxDesc desc, DnnlPropagation propagation, in DnnlMemoryDesc data, int axis);
}
