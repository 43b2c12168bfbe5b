using Microsoft.ML.CnnZoo.Imaging;

namespace Microsoft.ML.CnnZoo.Data;

/// <summary>At what size decoded images are kept, so that what augmentation, validation and scoring show of them is there.</summary>
/// <param name="augmentation">How training images are changed.</param>
/// <param name="network">Size of the network's images.</param>
/// <param name="fit">What becomes of images of another shape.</param>
internal sealed class CachedImageSizes(ImageAugmentation augmentation, ImageShape network, ImageFit fit)
{
    /// <summary>Size of an image whose center is measured or scored.</summary>
    public ImageShape Scored => Enlarged(augmentation.CenterFactor(network.Height, network.Width));

    /// <summary>Size of an image that a trained network scores parts of.</summary>
    public ImageShape Tested(TestCrops crops) => crops == TestCrops.Ten && Scored == network ? Enlarged(256.0 / 224) : Scored;

    /// <summary>To the size of images that are trained on: parts of any place and size are taken from images of their own shape, unless all are to be stretched.</summary>
    public ImageScaler CreateTrainingScaler()
    {
        if (!augmentation.KeepsShape)
            return CreateScoringScaler();
        if (fit == ImageFit.CenterCrop)
            return ImageScaler.KeepingShape(augmentation.CachedSide, network.Channels);
        ImageShape kept = Enlarged((double)augmentation.CachedSide / Math.Min(network.Height, network.Width));
        return new ImageScaler(kept.Height, kept.Width, kept.Channels, fit);
    }

    /// <summary>To the size of images that are measured or scored.</summary>
    public ImageScaler CreateScoringScaler()
    {
        ImageShape size = Scored;
        return new ImageScaler(size.Height, size.Width, size.Channels, fit);
    }

    private ImageShape Enlarged(double factor) => network with { Height = (int)Math.Round(network.Height * factor), Width = (int)Math.Round(network.Width * factor) };
}
