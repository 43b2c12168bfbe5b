using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Xunit;
using static Microsoft.ML.Transforms.Image.ImagePixelExtractingEstimator;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>ExtractPixels, ConvertToImage and ConvertToGrayscale. Expected values are those of ML.NET 5.0.0.</summary>
public sealed class ImagesPixelTests
{
    private readonly MLContext _context = new(seed: 1);

    private static float[] Numbers(string text) => [.. text.Split(',').Select(float.Parse)];

    private IDataView Extract(ImagePixelExtractingEstimator estimator, MLPixelFormat format = MLPixelFormat.Bgra32)
    {
        IDataView images = ImageRows.Small(_context, ImageFiles.Counting(3, 2, format));
        return estimator.Fit(images).Transform(images);
    }

    [Theory]
    [InlineData(false, ColorsOrder.ARGB, "Vector<Single, 3, 2, 3>", "200,201,202,203,204,205,100,101,102,103,104,105,10,11,12,13,14,15")]
    [InlineData(false, ColorsOrder.ABGR, "Vector<Single, 3, 2, 3>", "10,11,12,13,14,15,100,101,102,103,104,105,200,201,202,203,204,205")]
    [InlineData(true, ColorsOrder.ARGB, "Vector<Single, 2, 3, 3>", "200,100,10,201,101,11,202,102,12,203,103,13,204,104,14,205,105,15")]
    [InlineData(true, ColorsOrder.ABGR, "Vector<Single, 2, 3, 3>", "10,100,200,11,101,201,12,102,202,13,103,203,14,104,204,15,105,205")]
    [InlineData(true, ColorsOrder.AGRB, "Vector<Single, 2, 3, 3>", "100,200,10,101,201,11,102,202,12,103,203,13,104,204,14,105,205,15")]
    public void ExtractPixels_Layouts_AsMLNet(bool interleave, ColorsOrder order, string type, string expected)
    {
        foreach (MLPixelFormat format in (MLPixelFormat[])[MLPixelFormat.Bgra32, MLPixelFormat.Rgba32])
        {
            IDataView view = Extract(
                _context.Transforms.ExtractPixels("P", "I", orderOfExtraction: order, interleavePixelColors: interleave), format);
            Assert.Equal(type, view.Schema["P"].Type.ToString());
            Assert.Equal(Numbers(expected), Assert.Single(ImageRows.Floats(view, "P")));
        }
    }

    [Fact]
    public void ExtractPixels_Bytes_IgnoresOffsetAndScale()
    {
        IDataView view = Extract(_context.Transforms.ExtractPixels("P", "I", offsetImage: 9, scaleImage: 2, outputAsFloatArray: false));
        Assert.Equal("Vector<Byte, 3, 2, 3>", view.Schema["P"].Type.ToString());
        Assert.Equal(
            [200, 201, 202, 203, 204, 205, 100, 101, 102, 103, 104, 105, 10, 11, 12, 13, 14, 15],
            Assert.Single(ImageRows.Read(view, "P", (VBuffer<byte> value) => value.DenseValues().ToArray())));
    }

    [Fact]
    public void ExtractPixels_OffsetAndScale_OffsetFirst()
    {
        IDataView view = Extract(_context.Transforms.ExtractPixels("P", "I", ColorBits.Red, offsetImage: 100, scaleImage: 0.5f));
        Assert.Equal("Vector<Single, 1, 2, 3>", view.Schema["P"].Type.ToString());
        Assert.Equal([50, 50.5f, 51, 51.5f, 52, 52.5f], Assert.Single(ImageRows.Floats(view, "P")));
    }

    [Fact]
    public void ExtractPixels_AllChannels_AlphaFirst()
    {
        IDataView view = Extract(_context.Transforms.ExtractPixels("P", "I", ColorBits.All, interleavePixelColors: true));
        Assert.Equal(
            Numbers("255,200,100,10,255,201,101,11,255,202,102,12,255,203,103,13,255,204,104,14,255,205,105,15"),
            Assert.Single(ImageRows.Floats(view, "P")));
    }

    [Fact]
    public void ExtractPixels_UnknownSize_Throws()
    {
        IDataView images = ImageRows.Any(_context, ImageFiles.Counting(3, 2));
        ArgumentOutOfRangeException e = Assert.Throws<ArgumentOutOfRangeException>(
            () => _context.Transforms.ExtractPixels("P", "I").Fit(images).Transform(images).Schema);
        Assert.Equal("Must be positive. (Parameter 'height')", e.Message);
    }

    [Fact]
    public void ExtractPixels_NotAnImage_Throws()
    {
        IDataView paths = ImageRows.Paths(_context, "a");
        ArgumentOutOfRangeException e = Assert.Throws<ArgumentOutOfRangeException>(() => _context.Transforms.ExtractPixels("P", "S").Fit(paths));
        Assert.StartsWith("Schema mismatch for input column 'S': expected Image, got String", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ExtractPixels_NullImage_GivesZerosAndNotTheRowBefore()
    {
        IDataView images = ImageRows.Small(_context, ImageFiles.Counting(3, 2), null, ImageFiles.Counting(3, 2));
        List<float[]> read = ImageRows.Floats(_context.Transforms.ExtractPixels("P", "I").Fit(images).Transform(images), "P");
        Assert.Equal(new float[18], read[1]);
        Assert.Equal(read[0], read[2]);
        Assert.Equal(200, read[0][0]);
    }

    [Fact]
    public void ExtractPixels_ImageOfOtherSizeThanItsType_Throws()
    {
        IDataView images = ImageRows.Small(_context, ImageFiles.Counting(2, 3));
        InvalidOperationException e = Assert.Throws<InvalidOperationException>(
            () => ImageRows.Floats(_context.Transforms.ExtractPixels("P", "I").Fit(images).Transform(images), "P"));
        Assert.Contains("Image<2, 3>", e.Message, StringComparison.Ordinal);
        Assert.Contains("height 3 and width 2", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ExtractPixels_LastImageGoesWithTheCursor()
    {
        MLImage first = ImageFiles.Counting(3, 2);
        MLImage last = ImageFiles.Counting(3, 2);
        IDataView images = ImageRows.Small(_context, first, last);
        ImageRows.Floats(_context.Transforms.ExtractPixels("P", "I").Fit(images).Transform(images), "P");
        Assert.Equal(3, first.Width);
        Assert.Throws<InvalidOperationException>(() => last.Width);
    }

    [Fact]
    public void ConvertToImage_RoundTrip_IsExact()
    {
        IDataView images = ImageRows.Small(_context, ImageFiles.Counting(3, 2));
        IDataView view = _context.Transforms.ExtractPixels("P", "I")
            .Append(_context.Transforms.ConvertToImage(2, 3, "J", "P"))
            .Append(_context.Transforms.ExtractPixels("Q", "J"))
            .Fit(images).Transform(images);
        Assert.Equal("Image<2, 3>", view.Schema["J"].Type.ToString());
        Assert.Equal(
            Numbers("200,201,202,203,204,205,100,101,102,103,104,105,10,11,12,13,14,15"), Assert.Single(ImageRows.Floats(view, "Q")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ConvertToImage_BytesOfAnyLayout_RoundTrip(bool interleave)
    {
        using MLImage image = ImageFiles.Counting(3, 2);
        byte[] expected = image.Pixels.ToArray();
        foreach (ColorsOrder order in Enum.GetValues<ColorsOrder>())
        {
            IDataView source = ImageRows.Small(_context, ImageFiles.Counting(3, 2));
            IDataView view = _context.Transforms
                .ExtractPixels("P", "I", ColorBits.All, order, interleave, outputAsFloatArray: false)
                .Append(_context.Transforms.ConvertToImage(2, 3, "J", "P", ColorBits.All, order, interleave))
                .Fit(source).Transform(source);
            Assert.Equal(expected, Assert.Single(ImageRows.Read(view, "J", (MLImage read) => read.Pixels.ToArray())));
        }
    }

    [Theory]
    [InlineData(1f, 0f, 255)]
    [InlineData(2f, 10f, 0)]
    public void ConvertToImage_AbsentChannels_TakeDefaults(float scale, float offset, byte alpha)
    {
        IDataView images = ImageRows.Small(_context, ImageFiles.Counting(3, 2));
        IDataView view = _context.Transforms.ExtractPixels("P", "I", ColorBits.Green)
            .Append(_context.Transforms.ConvertToImage(
                2, 3, "J", "P", ColorBits.Green, scaleImage: scale, offsetImage: offset, defaultRed: 7, defaultBlue: 8))
            .Fit(images).Transform(images);
        byte[] pixels = Assert.Single(ImageRows.Read(view, "J", (MLImage read) => read.Pixels.ToArray()));
        byte green = (byte)((100 * scale) - offset);
        Assert.Equal([8, green, 7, alpha], pixels[..4]);
    }

    [Fact]
    public void ConvertToImage_WrongVectorSize_Throws()
    {
        IDataView images = ImageRows.Small(_context, ImageFiles.Counting(3, 2));
        ArgumentOutOfRangeException e = Assert.Throws<ArgumentOutOfRangeException>(() => _context.Transforms.ExtractPixels("P", "I")
            .Append(_context.Transforms.ConvertToImage(3, 3, "J", "P")).Fit(images).Transform(images).Schema);
        Assert.Contains("18 values", e.Message, StringComparison.Ordinal);
        Assert.Contains("takes 27", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ConvertToGrayscale_WeighsColours()
    {
        static byte Full(bool lit) => lit ? (byte)255 : (byte)0;
        MLImage image = ImageFiles.Make(3, 2, (x, y) =>
            y == 0 ? (Full(x == 0), Full(x == 1), Full(x == 2), (byte)255) : ((byte)200, (byte)100, (byte)10, (byte)200));
        IDataView images = ImageRows.Small(_context, image);
        IDataView view = _context.Transforms.ConvertToGrayscale("G", "I").Fit(images).Transform(images);
        Assert.Equal("Image<2, 3>", view.Schema["G"].Type.ToString());
        byte[] pixels = Assert.Single(ImageRows.Read(view, "G", (MLImage read) => read.Pixels.ToArray()));
        // 0.3 x 255 = 76.5, 0.59 x 255 = 150.45, 0.11 x 255 = 28.05; 60 + 59 + 1.1 = 120.1.
        Assert.Equal([77, 77, 77, 255, 150, 150, 150, 255, 28, 28, 28, 255], pixels[..12]);
        Assert.Equal([120, 120, 120, 200], pixels[12..16]);
    }

    [Fact]
    public void ImageDataViewType_EqualityAndNames()
    {
        Assert.Equal("Image", new ImageDataViewType().ToString());
        Assert.Equal("Image<2, 3>", new ImageDataViewType(2, 3).ToString());
        Assert.True(new ImageDataViewType(2, 3).Equals((DataViewType)new ImageDataViewType(2, 3)));
        Assert.False(new ImageDataViewType(2, 3).Equals((DataViewType)new ImageDataViewType(3, 2)));
        Assert.False(new ImageDataViewType(2, 3).Equals((DataViewType)new ImageDataViewType()));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ImageDataViewType(0, 3));
        Assert.True(new ImageTypeAttribute(2, 3).Equals((DataViewTypeAttribute)new ImageTypeAttribute(2, 3)));
        Assert.False(new ImageTypeAttribute(2, 3).Equals((DataViewTypeAttribute)new ImageTypeAttribute(2, 4)));
    }
}
