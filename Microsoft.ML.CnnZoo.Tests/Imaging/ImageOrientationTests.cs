using Microsoft.ML.CnnZoo.Imaging;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Imaging;

/// <summary>Stored pixels to upright pictures, for each of EXIF's eight orientations.</summary>
public class ImageOrientationTests
{
    /// <summary>Orientation; where the first stored row and column are in the picture, as EXIF's table says.</summary>
    [Theory]
    [InlineData(1, "top", "left")]
    [InlineData(2, "top", "right")]
    [InlineData(3, "bottom", "right")]
    [InlineData(4, "bottom", "left")]
    [InlineData(5, "left", "top")]
    [InlineData(6, "right", "top")]
    [InlineData(7, "right", "bottom")]
    [InlineData(8, "left", "bottom")]
    public void Turn_EachOrientation_PutsFirstRowAndColumnWhereExifSays(
        int orientation, string firstRow, string firstColumn)
    {
        const int Rows = 2, Columns = 3;
        uint[] stored = [0, 1, 2, 10, 11, 12], picture = new uint[6];
        (int height, int width) = ((ImageOrientation)orientation).Turn(stored, Rows, Columns, picture);
        Assert.Equal(orientation <= 4 ? (Rows, Columns) : (Columns, Rows), (height, width));
        Assert.Equal<uint>([0, 1, 2], Edge(firstRow).Order());
        Assert.Equal<uint>([0, 10], Edge(firstColumn).Order());

        uint[] Edge(string side) => side switch
        {
            "top" => [.. Enumerable.Range(0, width).Select(x => picture[x])],
            "bottom" => [.. Enumerable.Range(0, width).Select(x => picture[((height - 1) * width) + x])],
            "left" => [.. Enumerable.Range(0, height).Select(y => picture[y * width])],
            _ => [.. Enumerable.Range(0, height).Select(y => picture[(y * width) + width - 1])],
        };
    }
}
