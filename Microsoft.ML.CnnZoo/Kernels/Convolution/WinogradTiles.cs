using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Kernels.Convolution;

/// <summary>
/// The division of a 3x3 convolution's results (stride 1) into tiles of 4x4, and the addresses of each tile's pixels.
/// Tiles are ordered by column, row, image.
/// </summary>
internal sealed unsafe class WinogradTiles
{
    private const int In = WinogradTransforms.InputTile, Out = WinogradTransforms.OutputTile;

    private readonly Conv2DGeometry _g;
    private readonly int _across, _perImage, _pitch;

    /// <param name="g">Sizes of the convolution.</param>
    /// <param name="pitch">Elements from one pixel of the results to the next.</param>
    public WinogradTiles(in Conv2DGeometry g, int pitch)
    {
        (_g, _pitch) = (g, pitch);
        _across = (g.OutputWidth + Out - 1) / Out;
        _perImage = _across * ((g.OutputHeight + Out - 1) / Out);
        Count = g.Batch * _perImage;
    }

    /// <summary>Tiles of all images.</summary>
    public int Count { get; }

    /// <summary>Addresses of the 6x6 pixels of x that a tile's results depend on.</summary>
    /// <param name="x">The images.</param>
    /// <param name="tile">Index of the tile.</param>
    /// <param name="zeros">A pixel of zeros, for positions outside the image.</param>
    /// <param name="pixels">36 addresses, row by row.</param>
    public void InputPixels(float* x, int tile, float* zeros, float** pixels)
    {
        (int image, int top, int left) = Place(tile);
        (top, left) = (top - _g.PadTop, left - _g.PadLeft);
        nint pixel = _g.Channels, row = _g.Width * pixel;
        float* first = x + (((((long)image * _g.Height) + top) * _g.Width) + left) * pixel;
        int inside = Math.Max(0, -left), beyond = Math.Min(In, _g.Width - left);
        for (int i = 0; i < In; i++, pixels += In, first += row)
        {
            if ((uint)(top + i) >= (uint)_g.Height)
            {
                Fill(pixels, 0, In, zeros);
                continue;
            }
            for (int j = 0; j < In; j++)
                pixels[j] = first + (j * pixel);
            Fill(pixels, 0, inside, zeros);
            Fill(pixels, beyond, In, zeros);
        }
    }

    /// <summary>Addresses of a tile's 4x4 results.</summary>
    /// <param name="y">The results.</param>
    /// <param name="tile">Index of the tile.</param>
    /// <param name="beyond">A pixel for results outside the image.</param>
    /// <param name="pixels">16 addresses, row by row.</param>
    public void OutputPixels(float* y, int tile, float* beyond, float** pixels)
    {
        (int image, int top, int left) = Place(tile);
        nint pixel = _pitch, row = _g.OutputWidth * pixel;
        float* first = y + (((((long)image * _g.OutputHeight) + top) * _g.OutputWidth) + left) * pixel;
        int columns = Math.Min(Out, _g.OutputWidth - left);
        for (int i = 0; i < Out; i++, pixels += Out, first += row)
        {
            for (int j = 0; j < Out; j++)
                pixels[j] = first + (j * pixel);
            Fill(pixels, top + i < _g.OutputHeight ? columns : 0, Out, beyond);
        }
    }

    private static void Fill(float** pixels, int from, int to, float* pixel)
    {
        for (int j = from; j < to; j++)
            pixels[j] = pixel;
    }

    private (int Image, int Top, int Left) Place(int tile)
    {
        (int image, int rest) = Math.DivRem(tile, _perImage);
        (int down, int across) = Math.DivRem(rest, _across);
        return (image, down * Out, across * Out);
    }
}
