using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;
using static Microsoft.ML.Transforms.Image.ImagePixelExtractingEstimator;
using static Microsoft.ML.Transforms.Image.ImageResizingEstimator;

namespace Microsoft.ML;

/// <summary>What mlContext.Transforms offers for images.</summary>
public static class ImageEstimatorsCatalog
{
    /// <summary>Reads and decodes the image files whose paths are in the input column. An empty path gives a null image.</summary>
    public static ImageLoadingEstimator LoadImages(
        this TransformsCatalog catalog, string outputColumnName, string imageFolder, string inputColumnName = null) =>
        new(catalog.GetEnvironment(), outputColumnName, inputColumnName ?? outputColumnName, imageFolder, decode: true);

    /// <summary>Reads the image files whose paths are in the input column, as they are.</summary>
    public static ImageLoadingEstimator LoadRawImageBytes(
        this TransformsCatalog catalog, string outputColumnName, string imageFolder, string inputColumnName = null) =>
        new(catalog.GetEnvironment(), outputColumnName, inputColumnName ?? outputColumnName, imageFolder, decode: false);

    /// <summary>Makes red, green and blue of each pixel the same.</summary>
    public static ImageGrayscalingEstimator ConvertToGrayscale(
        this TransformsCatalog catalog, string outputColumnName, string inputColumnName = null) =>
        new(catalog.GetEnvironment(), outputColumnName, inputColumnName ?? outputColumnName);

    /// <summary>Brings images to one size.</summary>
    public static ImageResizingEstimator ResizeImages(
        this TransformsCatalog catalog,
        string outputColumnName,
        int imageWidth,
        int imageHeight,
        string inputColumnName = null,
        ResizingKind resizing = ResizingKind.IsoCrop,
        Anchor cropAnchor = Anchor.Center) =>
        new(catalog.GetEnvironment(), outputColumnName, inputColumnName ?? outputColumnName, new ImageResizing(imageWidth, imageHeight, resizing, cropAnchor));

    /// <summary>Turns images of known size into vectors: (pixel - offsetImage) x scaleImage, or the bytes themselves.</summary>
    public static ImagePixelExtractingEstimator ExtractPixels(
        this TransformsCatalog catalog,
        string outputColumnName,
        string inputColumnName = null,
        ColorBits colorsToExtract = ColorBits.Rgb,
        ColorsOrder orderOfExtraction = ColorsOrder.ARGB,
        bool interleavePixelColors = false,
        float offsetImage = 0f,
        float scaleImage = 1f,
        bool outputAsFloatArray = true) =>
        new(
            catalog.GetEnvironment(), outputColumnName, inputColumnName ?? outputColumnName,
            new PixelExtraction(new PixelLayout(colorsToExtract, orderOfExtraction, interleavePixelColors), offsetImage, scaleImage, outputAsFloatArray));

    /// <summary>Turns vectors into images: value x scaleImage - offsetImage.</summary>
    public static VectorToImageConvertingEstimator ConvertToImage(
        this TransformsCatalog catalog,
        int imageHeight,
        int imageWidth,
        string outputColumnName,
        string inputColumnName = null,
        ColorBits colorsPresent = ColorBits.Rgb,
        ColorsOrder orderOfColors = ColorsOrder.ARGB,
        bool interleavedColors = false,
        float scaleImage = 1f,
        float offsetImage = 0f,
        int defaultAlpha = 255,
        int defaultRed = 0,
        int defaultGreen = 0,
        int defaultBlue = 0) =>
        new(
            catalog.GetEnvironment(), outputColumnName, inputColumnName ?? outputColumnName,
            new ImageComposition(
                imageHeight, imageWidth, new PixelLayout(colorsPresent, orderOfColors, interleavedColors), scaleImage, offsetImage,
                checked((byte)defaultAlpha), checked((byte)defaultRed), checked((byte)defaultGreen), checked((byte)defaultBlue)));
}
