using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Kernels.Convolution;

/// <summary>A kernel position along one axis, and the source index that it multiplies.</summary>
internal readonly record struct DepthwiseTap(int Kernel, int Source);

/// <summary>
/// Targets <paramref name="First"/>, First + <paramref name="Step"/>, … that the same taps reach; each reads
/// <see cref="DepthwiseAxis.SourceStep"/> further than the one before.
/// </summary>
/// <param name="First">The first target.</param>
/// <param name="Step">Between targets.</param>
/// <param name="Count">Targets.</param>
/// <param name="Taps">Taps of the first target.</param>
internal sealed record DepthwiseRun(int First, int Step, int Count, DepthwiseTap[] Taps);

/// <summary>
/// Which taps reach which target along one axis: outputs that read inputs, or, for the gradient, inputs that read the
/// outputs that depend on them.
/// </summary>
internal sealed class DepthwiseAxis
{
    private DepthwiseAxis(DepthwiseTap[][] taps, int targetStep, int sourceStep)
    {
        (Taps, SourceStep) = (taps, sourceStep);
        var runs = new List<DepthwiseRun>();
        for (int phase = 0; phase < targetStep; phase++)
            for (int first = phase, target = phase; first < taps.Length; first = target)
            {
                int count = 0;
                for (; target < taps.Length && taps[target].Select(t => t.Kernel)
                    .SequenceEqual(taps[first].Select(t => t.Kernel)); target += targetStep)
                    count++;
                runs.Add(new DepthwiseRun(first, targetStep, count, taps[first]));
            }
        Runs = [.. runs];
    }

    /// <summary>Of each target.</summary>
    public DepthwiseTap[][] Taps { get; }

    /// <summary>All targets.</summary>
    public DepthwiseRun[] Runs { get; }

    /// <summary>Source elements from one target of a run to the next.</summary>
    public int SourceStep { get; }

    /// <summary>The vertical axis.</summary>
    public static DepthwiseAxis Rows(in Conv2DGeometry g, bool isGradient) => Along(
        isGradient, g.OutputHeight, g.Height, g.KernelHeight, g.StrideHeight, g.PadTop, g.DilationHeight);

    /// <summary>The horizontal axis.</summary>
    public static DepthwiseAxis Columns(in Conv2DGeometry g, bool isGradient) => Along(
        isGradient, g.OutputWidth, g.Width, g.KernelWidth, g.StrideWidth, g.PadLeft, g.DilationWidth);

    private static DepthwiseAxis Along(bool isGradient, int outputs, int inputs, int kernel, int stride, int pad,
        int dilation) => isGradient ? Gradient(outputs, inputs, kernel, stride, pad, dilation)
        : Forward(outputs, inputs, kernel, stride, pad, dilation);

    private static DepthwiseAxis Forward(int outputs, int inputs, int kernel, int stride, int pad, int dilation) => new(
        [.. Enumerable.Range(0, outputs).Select(o => Enumerable.Range(0, kernel)
            .Select(k => new DepthwiseTap(k, (o * stride) - pad + (k * dilation)))
            .Where(t => t.Source >= 0 && t.Source < inputs).ToArray())], 1, stride);

    private static DepthwiseAxis Gradient(int outputs, int inputs, int kernel, int stride, int pad, int dilation) => new(
        [.. Enumerable.Range(0, inputs).Select(i => Enumerable.Range(0, kernel)
            .Select(k => (Kernel: k, Position: i + pad - (k * dilation)))
            .Where(t => t.Position >= 0 && t.Position % stride == 0 && t.Position / stride < outputs)
            .Select(t => new DepthwiseTap(t.Kernel, t.Position / stride)).ToArray())], stride, 1);
}
