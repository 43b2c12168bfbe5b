using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary>Chooses implementations for convolutions of float32 or bfloat16 images; a bias and the filter's gradient are float32 in both. Arguments of the primitives are bound in the order source, filter, result, bias.</summary>
internal static class ConvolutionPrimitives
{
    /// <summary>An implementation for the forward convolution or its gradient with respect to the image; null when there are only reference loops.</summary>
    public static DnnlPrimitiveDescHandle? TryDescribe(in Conv2DGeometry g, DnnlDataType type, ConvolutionDirection direction, in DnnlMemoryDesc filter, bool bias, DnnlAttributesHandle attributes)
    {
        DnnlMemoryDesc biasDesc = bias ? DnnlMemoryDesc.Vector(g.Filters) : default;
        DnnlNative.Window window = g.Window();
        if (direction == ConvolutionDirection.Forward)
            return DnnlImplementation.Accept(DnnlNative.TryCreatePrimitiveDesc(DnnlNative.ConvolutionForward(g.Input(type), filter, biasDesc, g.Output(type), window), attributes, DnnlLibrary.Engine, null));
        using DnnlPrimitiveDescHandle? hint = ForwardHint(g, type);
        return hint is null ? null : DnnlImplementation.Accept(DnnlNative.TryCreatePrimitiveDesc(DnnlNative.ConvolutionBackwardData(g.Input(type), filter, g.Output(type), window), attributes, DnnlLibrary.Engine, hint));
    }

    /// <summary>An implementation for the gradient with respect to the filter; null when there are only reference loops.</summary>
    public static DnnlPrimitiveDescHandle? TryDescribeFilterGradient(in Conv2DGeometry g, DnnlDataType type, in DnnlMemoryDesc filter, DnnlAttributesHandle attributes)
    {
        using DnnlPrimitiveDescHandle? hint = ForwardHint(g, type);
        return hint is null ? null
            : DnnlImplementation.Accept(DnnlNative.TryCreatePrimitiveDesc(DnnlNative.ConvolutionBackwardWeights(g.Input(type), filter, g.Output(type), g.Window()), attributes, DnnlLibrary.Engine, hint));
    }

    /// <summary>The primitive with its arguments.</summary>
    public static DnnlPrimitive Create(in Conv2DGeometry g, DnnlDataType type, ConvolutionDirection direction, DnnlPrimitiveDescHandle desc, bool bias)
    {
        DnnlMemoryDesc weights = DnnlNative.QueryMemoryDesc(desc, DnnlQuery.Weights);
        if (direction == ConvolutionDirection.BackwardInput)
            return new DnnlPrimitive(desc, (DnnlArgument.DestinationGradient, g.Output(type)), (DnnlArgument.Weights, weights), (DnnlArgument.SourceGradient, g.Input(type)));
        return bias
            ? new DnnlPrimitive(desc, (DnnlArgument.Source, g.Input(type)), (DnnlArgument.Weights, weights), (DnnlArgument.Destination, g.Output(type)),
                (DnnlArgument.Bias, DnnlMemoryDesc.Vector(g.Filters)))
            : new DnnlPrimitive(desc, (DnnlArgument.Source, g.Input(type)), (DnnlArgument.Weights, weights), (DnnlArgument.Destination, g.Output(type)));
    }

    /// <summary>oneDNN asks for the forward implementation when a gradient is described.</summary>
    private static DnnlPrimitiveDescHandle? ForwardHint(in Conv2DGeometry g, DnnlDataType type)
    {
        using DnnlAttributesHandle attributes = DnnlNative.CreateAttributes();
        return DnnlNative.TryCreatePrimitiveDesc(DnnlNative.ConvolutionForward(g.Input(type), g.PackedFilter(type), default, g.Output(type), g.Window()), attributes, DnnlLibrary.Engine, null);
    }
}
