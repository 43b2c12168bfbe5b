namespace Microsoft.ML.CnnZoo.Imaging;

/// <summary>The crop of an image that a network is given.</summary>
/// <param name="Region">What is cut out. It may reach over the edges where it has the network's size and whole edges:
/// what
/// lies outside is 0 after normalization.</param>
/// <param name="Mirror">Whether right becomes left.</param>
/// <param name="Color">What is added to each channel before normalization; null for nothing.</param>
internal readonly record struct ImageCrop(ImageRegion Region, bool Mirror = false, float[]? Color = null)
{
    /// <summary>
    /// The center of an image, with the network's shape: <paramref name="factor"/> times smaller than the largest such
    /// crop. Whole edges where it has the network's size.
    /// </summary>
    public static ImageCrop Center(int height, int width, int networkHeight, int networkWidth, double factor)
    {
        double scale = Math.Min((double)height / networkHeight, (double)width / networkWidth) / factor;
        if (height == (int)Math.Round(networkHeight * factor) && width == (int)Math.Round(networkWidth * factor))
            return new(new((height - networkHeight) / 2, (width - networkWidth) / 2, networkHeight, networkWidth));
        double usedHeight = Math.Min(height, networkHeight * scale), usedWidth = Math.Min(width, networkWidth * scale);
        return new(new((height - usedHeight) / 2, (width - usedWidth) / 2, usedHeight, usedWidth));
    }
}

/// <summary>
/// Writes crops of cached images [height, width, channels] as a network is given them: cut out, scaled, mirrored,
/// normalized. Not thread-safe: it keeps row buffers.
/// </summary>
internal sealed class CropWriter(int networkHeight, int networkWidth, int channels)
{
    private readonly RegionScaler _regions = new(channels);

    /// <summary>Writes a crop of an image of bytes.</summary>
    /// <param name="pixels">[height, width, channels].</param>
    /// <param name="height">Rows of the image.</param>
    /// <param name="width">Columns of the image.</param>
    /// <param name="crop">The crop.</param>
    /// <param name="normalization">From pixels to the network's input.</param>
    /// <param name="target">Receives [networkHeight, networkWidth, channels].</param>
    public void Write(ReadOnlySpan<byte> pixels, int height, int width, in ImageCrop crop,
        PixelNormalization normalization, Span<float> target) =>
        Write(pixels, height, width, crop, normalization, target, PixelNormalization.ToFloat,
            static (regions, source, format, part, rows, columns, to) =>
                regions.Scale(source, format, part.Region, rows, columns, to, part.Mirror));

    /// <summary>Writes a crop of an image of floats.</summary>
    /// <inheritdoc cref="Write(ReadOnlySpan{byte}, int, int, in ImageCrop, PixelNormalization, Span{float})"/>
    public void Write(ReadOnlySpan<float> pixels, int height, int width, in ImageCrop crop,
        PixelNormalization normalization, Span<float> target) =>
        Write(pixels, height, width, crop, normalization, target, static (source, row) => source.CopyTo(row),
            static (regions, source, format, part, rows, columns, to) =>
                regions.Scale(source, format, part.Region, rows, columns, to, part.Mirror));

    private delegate void Load<T>(ReadOnlySpan<T> source, Span<float> row);

    private delegate void Resample<T>(
        RegionScaler regions, ReadOnlySpan<T> pixels, PixelFormat format, ImageCrop crop, int height, int width,
        Span<float> target);

    private void Write<T>(ReadOnlySpan<T> pixels, int height, int width, in ImageCrop crop,
        PixelNormalization normalization, Span<float> target, Load<T> load, Resample<T> resample)
    {
        Span<float> scale = stackalloc float[channels], offset = stackalloc float[channels];
        for (int c = 0; c < channels; c++)
            (scale[c], offset[c]) = (normalization.Scale[c], normalization.Offset[c]
                + (crop.Color is null ? 0 : crop.Color[c] * normalization.Scale[c]));
        ImageRegion region = crop.Region;
        if (region.Height != networkHeight || region.Width != networkWidth || region.Top != Math.Floor(region.Top)
            || region.Left != Math.Floor(region.Left))
        {
            resample(_regions, pixels, PixelFormat.FromChannels(height, width, channels, false), crop, networkHeight,
                networkWidth, target);
            PixelNormalization.ApplyInPlace(target, scale, offset);
            return;
        }
        Copy(pixels, height, width, crop, target, load);
        PixelNormalization.ApplyInPlace(target, scale, offset);
        if (region.Top < 0 || region.Left < 0 || region.Top + networkHeight > height
            || region.Left + networkWidth > width)
            ClearOutside(height, width, region, target);
        if (crop.Mirror)
            for (int y = 0; y < networkHeight; y++)
                Reverse(target.Slice(y * networkWidth * channels, networkWidth * channels));
    }

    private void Copy<T>(ReadOnlySpan<T> pixels, int height, int width, in ImageCrop crop, Span<float> target,
        Load<T> load)
    {
        int top = (int)crop.Region.Top, left = (int)crop.Region.Left, first = Math.Max(0, -left),
            end = Math.Min(networkWidth, width - left);
        if (top == 0 && first == 0 && left == 0 && width == networkWidth && height == networkHeight)
        {
            load(pixels[..target.Length], target);
            return;
        }
        for (int y = Math.Max(0, -top); y < networkHeight && top + y < height && first < end; y++)
            load(pixels.Slice(((top + y) * width + left + first) * channels, (end - first) * channels),
                target.Slice((y * networkWidth + first) * channels, (end - first) * channels));
    }

    private void ClearOutside(int height, int width, in ImageRegion region, Span<float> target)
    {
        int top = (int)region.Top, left = (int)region.Left;
        int first = Math.Clamp(-left, 0, networkWidth), end = Math.Clamp(width - left, first, networkWidth);
        for (int y = 0; y < networkHeight; y++)
        {
            Span<float> row = target.Slice(y * networkWidth * channels, networkWidth * channels);
            if (top + y < 0 || top + y >= height)
            {
                row.Clear();
                continue;
            }
            row[..(first * channels)].Clear();
            row[(end * channels)..].Clear();
        }
    }

    /// <summary>Reverses the order of a row's pixels.</summary>
    private void Reverse(Span<float> row)
    {
        if (channels == 1)
        {
            row.Reverse();
            return;
        }
        for (int left = 0, right = row.Length - channels; left < right; left += channels, right -= channels)
            for (int c = 0; c < channels; c++)
                (row[left + c], row[right + c]) = (row[right + c], row[left + c]);
    }
}
