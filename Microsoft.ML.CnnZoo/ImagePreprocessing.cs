namespace Microsoft.ML.CnnZoo;

/// <summary>
/// What a network from a file expects of pixels, 0…255: normalization, then the order of colors. Networks are trained
/// with one of the presets, or one of them <c>with { Order = … }</c>; the wrong one gives wrong scores and no error.
/// </summary>
/// <param name="Normalization">Per channel, in the order red, green, blue whatever <paramref name="Order"/> is.</param>
/// <param name="Order">The order in which the network takes the colors. Default: red, green, blue.</param>
public sealed record ImagePreprocessing(PixelNormalization Normalization, ChannelOrder Order = ChannelOrder.Rgb)
{
    /// <summary>torchvision, timm, transformers: <see cref="PixelNormalization.ImageNet"/>; red, green, blue.</summary>
    public static ImagePreprocessing Torchvision { get; } = new(PixelNormalization.ImageNet);

    /// <summary>
    /// Keras' mode "caffe" (VGG, ResNet v1) and Caffe itself: minus the mean 123.68, 116.779, 103.939 of red, green,
    /// blue; blue, green, red.
    /// </summary>
    public static ImagePreprocessing KerasCaffe { get; } =
        new(new([1, 1, 1], [-123.68f, -116.779f, -103.939f]), ChannelOrder.Bgr);

    /// <summary>Keras' mode "tf" (Inception, Xception, MobileNet, ResNet v2), TF-Slim: to [-1, 1].</summary>
    public static ImagePreprocessing KerasTensorFlow { get; } = new(PixelNormalization.SignedUnitRange(3));

    /// <summary>To [0, 1].</summary>
    public static ImagePreprocessing ZeroToOne { get; } = new(PixelNormalization.Uniform(3, 1 / 255f, 0));

    /// <summary>Pixels as they are, 0…255: the network itself scales them, or was trained so.</summary>
    public static ImagePreprocessing Raw { get; } = new(PixelNormalization.Identity(3));
}

/// <summary>The order of an image's colors.</summary>
public enum ChannelOrder
{
    /// <summary>Red, green, blue: of most networks.</summary>
    Rgb,
    /// <summary>Blue, green, red: of Caffe's, OpenCV's and Custom Vision's.</summary>
    Bgr,
}
