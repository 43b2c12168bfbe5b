using System.Collections.Immutable;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary><c>Conv2D</c> and <c>DepthwiseConv2dNative</c>; what <see cref="ConvolutionAlgorithms"/> computes otherwise is left to the managed kernels, here and below.</summary>
internal sealed class ConvolutionFactory(string op) : IKernelFactory
{
    public string Op { get; } = op;

    public bool SupportsStridedOperands => true;

    public IKernel? TryPrepare(KernelRequest request)
    {
        Conv2DGeometry geometry = ConvolutionRequests.Geometry(request, request.Inputs[0].Shape, request.Inputs[1].Shape);
        return ConvolutionAlgorithms.IsWinograd(request, geometry) ? null
            : ConvolutionKernel.TryPrepare(request, geometry, ConvolutionDirection.Forward, new ConvolutionOperands(Image: 0, Filter: 1));
    }
}

/// <summary><c>Conv2DBackpropInput</c> and <c>DepthwiseConv2dNativeBackpropInput</c>: (sizes of x, w, dy) → dx.</summary>
internal sealed class ConvolutionInputGradientFactory(string op) : IKernelFactory
{
    public string Op { get; } = op;

    public IKernel? TryPrepare(KernelRequest request)
    {
        Conv2DGeometry geometry = ConvolutionRequests.Geometry(request, request.Outputs[0].Shape, request.Inputs[1].Shape);
        return ConvolutionAlgorithms.IsWinogradInputGradient(request, geometry) ? null
            : ConvolutionKernel.TryPrepare(request, geometry, ConvolutionDirection.BackwardInput, new ConvolutionOperands(Image: 2, Filter: 1));
    }
}

/// <summary><c>Conv2DBackpropFilter</c> and <c>DepthwiseConv2dNativeBackpropFilter</c>: (x, sizes of w, dy) → dw.</summary>
internal sealed class ConvolutionFilterGradientFactory(string op) : IKernelFactory
{
    public string Op { get; } = op;

    public IKernel? TryPrepare(KernelRequest request)
    {
        Conv2DGeometry geometry = ConvolutionRequests.Geometry(request, request.Inputs[0].Shape, request.Outputs[0].Shape);
        return !ConvolutionRequests.GivesFloat(request) || ConvolutionAlgorithms.IsWinogradFilterGradient(request, geometry) ? null : ConvolutionFilterGradientKernel.TryPrepare(request, geometry);
    }
}

/// <summary><c>_FusedConv2D</c> or <c>_FusedDepthwiseConv2dNative</c> with a bias, perhaps a side input to add, perhaps an activation: (x, w, bias[, side]) → y.</summary>
internal sealed class FusedConvolutionFactory(string op) : IKernelFactory
{
    public string Op { get; } = op;

    public bool SupportsStridedOperands => true;

    public IKernel? TryPrepare(KernelRequest request)
    {
        ImmutableArray<string> fused = request.Attribute("fused_ops").Strings;
        if (fused is not ["BiasAdd", ..])
            return null;
        bool adds = fused.Length > 1 && fused[1] == "Add";
        if (!Activation.TryParse(fused.AsSpan()[(adds ? 2 : 1)..], out Activation activation))
            return null;
        Conv2DGeometry geometry = ConvolutionRequests.Geometry(request, request.Inputs[0].Shape, request.Inputs[1].Shape);
        return ConvolutionAlgorithms.IsWinograd(request, geometry) ? null
            : ConvolutionKernel.TryPrepare(request, geometry, ConvolutionDirection.Forward, new ConvolutionOperands(Image: 0, Filter: 1, Bias: 2, Side: adds ? 3 : -1), activation);
    }
}

/// <summary>What the factories read from a request.</summary>
internal static class ConvolutionRequests
{
    /// <summary>Whether the result is a float32 tensor with elements, whatever the operands are.</summary>
    public static bool GivesFloat(KernelRequest request) => request.Outputs[0].Type == DataType.Float && request.Outputs[0].Shape.ElementCount > 0;

    /// <summary>The type of an op whose operands and result have one type; null for another type or no elements.</summary>
    public static DnnlDataType? OneType(KernelRequest request) => request.Outputs[0].Shape.ElementCount > 0
        && request.Inputs.All(i => i.Constant is not null || i.Type == request.Outputs[0].Type) ? DnnlTypes.Of(request.Outputs[0].Type) : null;

    public static Conv2DGeometry Geometry(KernelRequest request, TensorShape image, TensorShape filter)
    {
        Conv2DAttributes attributes = Conv2DAttributes.From(request.Node);
        return request.Node.Op.Contains("Depthwise", StringComparison.Ordinal) ? attributes.DepthwiseGeometry(image, filter) : attributes.Geometry(image, filter);
    }

    /// <summary>
    /// Whether the filter covers the image, so that the convolution is a product of matrices, as in LeNet's C5. oneDNN does not see it and takes
    /// 2 to 4 times as long as the managed product (64 images of 5x5x16, 120 filters, µs: forward 232 to 85, gradients 179 to 89 and 326 to 72).
    /// </summary>
    public static bool IsProduct(in Conv2DGeometry g) =>
        g is { Groups: 1, OutputHeight: 1, OutputWidth: 1, PadTop: 0, PadLeft: 0, DilationHeight: 1, DilationWidth: 1 } && g.KernelHeight == g.Height && g.KernelWidth == g.Width;
}
