using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Data;

/// <summary>Which images may be mirrored.</summary>
public class MirrorTestTests
{
    private const int Side = 16;

    [Fact]
    public void KeepsClasses_Digits_AreNotMirrored() =>
        Assert.False(MirrorTest.KeepsClasses(HandwrittenDigits(paint: v => v), seed: 1));

    [Fact]
    public void KeepsClasses_DigitsDarkOnLight_AreNotMirrored() =>
        Assert.False(MirrorTest.KeepsClasses(HandwrittenDigits(paint: v => (byte)(255 - v)), seed: 1));

    [Fact]
    public void KeepsClasses_ThingsSeenFromBothSides_AreMirrored() =>
        Assert.True(MirrorTest.KeepsClasses(Arrows(bothSides: true), seed: 1));

    [Fact]
    public void KeepsClasses_ArrowsToTheLeftAndToTheRight_AreNot() =>
        Assert.False(MirrorTest.KeepsClasses(Arrows(bothSides: false), seed: 1));

    [Fact]
    public void KeepsClasses_FewImages_SaysYes() // nothing can be told from two
    {
        var images = new ImageCache<byte>(new ImageShape(2, 2, 1));
        images.Add([0, 255, 0, 255], 0);
        images.Add([255, 0, 255, 0], 1);
        Assert.True(MirrorTest.KeepsClasses(images, seed: 1));
    }

    private static ImageCache<byte> HandwrittenDigits(Func<byte, byte> paint)
    {
        var images = new ImageCache<byte>(new ImageShape(28, 28, 1));
        for (int i = 0; i < 400; i++)
            images.Add([.. Digits.Pixels(i).ToArray().Select(paint)], Digits.Label(i));
        return images;
    }

    /// <summary>
    /// Arrowheads with noise, to either side; two classes by their breadth, or by where they point.
    /// </summary>
    private static ImageCache<byte> Arrows(bool bothSides)
    {
        var random = new Random(5);
        var images = new ImageCache<byte>(new ImageShape(Side, Side, 1));
        for (int i = 0; i < 200; i++)
        {
            bool left = random.Next(2) == 0, broad = i % 2 == 0;
            var pixels = new byte[Side * Side];
            for (int p = 0; p < pixels.Length; p++)
            {
                int x = left ? p % Side : Side - 1 - p % Side, fromAxis = Math.Abs(2 * (p / Side) - Side + 1);
                bool bright = x is >= 2 and < 14 && fromAxis < (broad ? x : x / 2);
                pixels[p] = (byte)((bright ? 150 : 40) + random.Next(60));
            }
            images.Add(pixels, bothSides ? i % 2 : left ? 0 : 1);
        }
        return images;
    }
}
