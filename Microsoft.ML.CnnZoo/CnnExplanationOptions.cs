using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo;

/// <summary>What to explain of an image, and how.</summary>
public sealed record CnnExplanationOptions
{
    /// <summary>The method. Default: <see cref="ExplanationMethod.GradCam"/>.</summary>
    public ExplanationMethod Method { get; init; }

    /// <summary>The class that is explained. Default: null, the most probable one.</summary>
    public string? ClassName { get; init; }

    /// <summary>
    /// For <see cref="ExplanationMethod.GradCam"/>, <see cref="ExplanationMethod.Deconvnet"/> and
    /// <see cref="ExplanationMethod.FeatureMaps"/>: a layer or stage as <c>cnnzoo summary</c> lists them (<c>conv4_2</c>), of
    /// which the last node counts, or a node of the graph (<c>conv4_2/a/Relu</c>). Default: null, the last feature maps of
    /// more than one pixel: what the last convolution gives, with its activation and its shortcut's sum.
    /// </summary>
    public string? Layer { get; init; }

    /// <summary>Noisy copies for <see cref="ExplanationMethod.SmoothGrad"/>, ≥ 1. Default: 25.</summary>
    public int Samples { get; init; } = 25;

    /// <summary>
    /// Standard deviation of the noise of <see cref="ExplanationMethod.SmoothGrad"/>, as a share of the image's range, 0 or
    /// more. Default: 0.15.
    /// </summary>
    public float Noise { get; init; } = 0.15f;

    /// <summary>Seed of the noise. Default: 0.</summary>
    public int Seed { get; init; }

    /// <summary>
    /// Side of the square of <see cref="ExplanationMethod.Occlusion"/> in pixels of the network's image. Default: null, a
    /// sixth of the image's shorter side.
    /// </summary>
    public int? OcclusionSize { get; init; }

    /// <summary>Pixels between two places of the square, ≥ 1. Default: null, half of its side.</summary>
    public int? OcclusionStride { get; init; }

    internal int OcclusionSizeFor(ImageShape image) => OcclusionSize ?? Math.Max(1, Math.Min(image.Height, image.Width) / 6);

    internal int OcclusionStrideFor(ImageShape image) => OcclusionStride ?? Math.Max(1, OcclusionSizeFor(image) / 2);

    internal void Check()
    {
        OptionRange.RequireDefined(Method, "CnnExplanationOptions.Method");
        OptionRange.Require(Samples >= 1, "CnnExplanationOptions.Samples", Samples, "1 or more");
        OptionRange.RequireNotNegative(Noise, "CnnExplanationOptions.Noise");
        OptionRange.Require(OcclusionSize is null or >= 1, "CnnExplanationOptions.OcclusionSize", OcclusionSize, "1 or more");
        OptionRange.Require(OcclusionStride is null or >= 1, "CnnExplanationOptions.OcclusionStride", OcclusionStride,
            "1 or more");
    }
}
