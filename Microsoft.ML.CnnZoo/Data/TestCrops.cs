using Microsoft.ML.CnnZoo.Imaging;

namespace Microsoft.ML.CnnZoo;

/// <summary>What a network is shown of an image that it scores.</summary>
public enum TestCrops
{
    /// <summary>Its center.</summary>
    Center,
    /// <summary>Its four corners and its center, and all five mirrored; the probabilities are averaged. Ten times the work. Krizhevsky, Sutskever, Hinton 2012, section 4.1.</summary>
    Ten,
}

/// <summary>The parts behind <see cref="TestCrops"/>.</summary>
internal static class TestCropViews
{
    /// <summary>How many parts are scored.</summary>
    public static int Count(this TestCrops crops) => crops == TestCrops.Ten ? 10 : 1;

    /// <summary>The parts, of the network's size: center; or upper left, upper right, lower left, lower right, center, then the same mirrored.</summary>
    /// <param name="crops">Which.</param>
    /// <param name="height">Rows of the image, at least the network's.</param>
    /// <param name="width">Columns of the image, at least the network's.</param>
    /// <param name="networkHeight">Rows of the network's images.</param>
    /// <param name="networkWidth">Columns of the network's images.</param>
    public static ImageCrop[] Views(this TestCrops crops, int height, int width, int networkHeight, int networkWidth)
    {
        int bottom = height - networkHeight, right = width - networkWidth;
        ImageCrop At(int top, int left, bool mirror) => new(new ImageRegion(top, left, networkHeight, networkWidth), mirror);
        if (crops == TestCrops.Center)
            return [At(bottom / 2, right / 2, false)];
        (int Top, int Left)[] places = [(0, 0), (0, right), (bottom, 0), (bottom, right), (bottom / 2, right / 2)];
        return [.. places.Select(p => At(p.Top, p.Left, false)), .. places.Select(p => At(p.Top, p.Left, true))];
    }
}
