using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary>One primitive on a share of a convolution's images, or on a piece of that share.</summary>
/// <remarks>
/// oneDNN 2.6.3 has only its reference loops for results whose pixels lie apart (<see cref="KernelRequest.OutputRowPitches"/>): hundreds of times slower. Pieces of a share are then
/// computed side by side into memory that stays in the cache, and moved.
/// </remarks>
/// <param name="sourceOffset">Bytes before its first image.</param>
/// <param name="primitive">The convolution.</param>
/// <param name="move">From side by side to where the result belongs; null if that is side by side.</param>
/// <param name="targetOffset">Bytes before its first result.</param>
/// <param name="resultBytes">Bytes of the result side by side.</param>
internal sealed class ConvolutionRun(long sourceOffset, DnnlPrimitive primitive, DnnlPrimitive? move, long targetOffset, long resultBytes) : IDisposable
{
    /// <summary>Bytes of results that are computed before they are moved: half of a second-level cache.</summary>
    private const long PieceBytes = 512 << 10;

    private readonly long _resultBytes = move is null ? 0 : DnnlPrimitive.Aligned(resultBytes);

    /// <summary>Bytes of scratch memory.</summary>
    public long ScratchBytes => _resultBytes + Math.Max(primitive.ScratchBytes, move?.ScratchBytes ?? 0);

    /// <summary>The pieces of a share whose results are moved: as many images as stay in the cache.</summary>
    public static IEnumerable<ConvolutionShare> Pieces(ConvolutionShare share, int elementSize)
    {
        long image = (long)share.Geometry.OutputHeight * share.Geometry.OutputWidth * share.Geometry.Filters * elementSize;
        int images = share.Geometry.Batch, pieces = (int)Math.Clamp(((image * images) + PieceBytes - 1) / PieceBytes, 1, images);
        long source = (long)share.Geometry.Height * share.Geometry.Width * share.Geometry.Channels * elementSize;
        for (int piece = 0; piece < pieces; piece++)
        {
            (int start, int end) = WorkerPool.Range(images, piece, pieces);
            yield return new ConvolutionShare(share.Geometry with { Batch = end - start }, share.InputOffset + (start * source), share.OutputOffset + (start * image));
        }
    }

    /// <summary>The copy of a share's results to where they lie apart.</summary>
    /// <param name="share">Which images.</param>
    /// <param name="type">Element type.</param>
    /// <param name="pitch">Elements from one pixel of the target to the next.</param>
    public static DnnlPrimitive Move(in ConvolutionShare share, DnnlDataType type, int pitch)
    {
        using DnnlAttributesHandle attributes = DnnlNative.CreateAttributes();
        return DnnlPrimitive.Reorder(share.Geometry.Output(type),
            DnnlMemoryDesc.NhwcRange(share.Geometry.Batch, share.Geometry.OutputHeight, share.Geometry.OutputWidth, share.Geometry.Filters, pitch, type), attributes);
    }

    /// <summary>Computes its results.</summary>
    /// <param name="source">The images.</param>
    /// <param name="filter">The packed filter.</param>
    /// <param name="bias">The bias, or 0.</param>
    /// <param name="target">The results.</param>
    /// <param name="scratch">Memory of <see cref="ScratchBytes"/> bytes.</param>
    public void Execute(nint source, nint filter, nint bias, nint target, nint scratch)
    {
        nint result = target + (nint)targetOffset;
        primitive.Bind(0, source + (nint)sourceOffset);
        primitive.Bind(1, filter);
        primitive.Bind(2, move is null ? result : scratch);
        if (bias != 0)
            primitive.Bind(3, bias);
        primitive.Execute(scratch + (nint)_resultBytes);
        if (move is null)
            return;
        move.Bind(0, scratch);
        move.Bind(1, result);
        move.Execute(scratch + (nint)_resultBytes);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        primitive.Dispose();
        move?.Dispose();
    }
}
