namespace Microsoft.ML.CnnZoo.Imaging;

/// <summary>Some pixels of an image; empty by default.</summary>
internal readonly record struct PixelRectangle(int Top, int Left, int Height, int Width);

/// <summary>The crop of an image that a network is given.</summary>
/// <param name="Region">What is cut out. It may reach over the edges where it has the network's size and whole edges:
/// what lies outside is 0 after normalization.</param>
/// <param name="Mirror">Whether right becomes left.</param>
/// <param name="Color">What is added to each channel before normalization; null for nothing.</param>
internal readonly record struct ImageCrop(ImageRegion Region, bool Mirror = false, float[]? Color = null)
{
    /// <summary>Whether the whole image is letterboxed instead, see <see cref="ImageFit.Letterbox"/>.</summary>
    public bool IsLetterboxed { get; init; }

    /// <summary>How the region is turned, sheared, scaled and moved: what then comes in is the image around it, or its
    /// edge repeated.</summary>
    public ImageWarp Warp { get; init; }

    /// <summary>How brightness, contrast, saturation and hue change; before <see cref="Color"/>.</summary>
    public ColorFactors Jitter { get; init; }

    /// <summary>What is 0 after normalization, in pixels of the network's image.</summary>
    public PixelRectangle Erased { get; init; }

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
    private readonly WarpScaler _warps = new(channels);
    private readonly ColorJitter _jitter = new(channels);

    /// <summary>Writes a crop.</summary>
    /// <typeparam name="T">byte or float.</typeparam>
    /// <param name="pixels">[height, width, channels].</param>
    /// <param name="height">Rows of the image.</param>
    /// <param name="width">Columns of the image.</param>
    /// <param name="crop">The crop.</param>
    /// <param name="normalization">From pixels to the network's input.</param>
    /// <param name="target">Receives [networkHeight, networkWidth, channels].</param>
    public void Write<T>(ReadOnlySpan<T> pixels, int height, int width, in ImageCrop crop,
        PixelNormalization normalization, Span<float> target) where T : unmanaged
    {
        ImageRegion region = crop.Region;
        bool isCopy = crop.Warp.IsNone && !crop.IsLetterboxed && region.Height == networkHeight && region.Width == networkWidth
            && region.Top == Math.Floor(region.Top) && region.Left == Math.Floor(region.Left);
        if (isCopy)
            Copy(pixels, height, width, crop, target);
        else if (crop.IsLetterboxed)
            _regions.Letterbox(pixels, PixelFormat.FromChannels(height, width, channels, false), networkHeight,
                networkWidth, target);
        else if (crop.Warp.IsNone)
            _regions.Scale(pixels, PixelFormat.FromChannels(height, width, channels, false), region, networkHeight,
                networkWidth, target, crop.Mirror);
        else
            _warps.Scale(pixels, height, width, crop, networkHeight, networkWidth, target);
        if (!crop.Jitter.IsNone)
            _jitter.Apply(target, crop.Jitter, isBounded: typeof(T) == typeof(byte));
        Normalize(target, normalization, crop.Color);
        if (isCopy && (region.Top < 0 || region.Left < 0 || region.Top + networkHeight > height
            || region.Left + networkWidth > width))
            ClearOutside(height, width, region, target);
        if (isCopy && crop.Mirror)
            for (int y = 0; y < networkHeight; y++)
                Reverse(target.Slice(y * networkWidth * channels, networkWidth * channels));
        for (int y = crop.Erased.Top; y < crop.Erased.Top + crop.Erased.Height; y++)
            target.Slice((y * networkWidth + crop.Erased.Left) * channels, crop.Erased.Width * channels).Clear();
    }

    private void Normalize(Span<float> target, PixelNormalization normalization, float[]? color)
    {
        Span<float> offset = stackalloc float[channels];
        for (int c = 0; c < channels; c++)
            offset[c] = normalization.Offset[c] + (color is null ? 0 : color[c] * normalization.Scale[c]);
        PixelNormalization.ApplyInPlace(target, normalization.Scale.AsSpan(), offset);
    }

    /// <summary>Whole pixels; what lies outside of the image is 0.</summary>
    private void Copy<T>(ReadOnlySpan<T> pixels, int height, int width, in ImageCrop crop, Span<float> target)
        where T : unmanaged
    {
        int top = (int)crop.Region.Top, left = (int)crop.Region.Left, first = Math.Max(0, -left),
            end = Math.Min(networkWidth, width - left);
        if (top == 0 && first == 0 && left == 0 && width == networkWidth && height == networkHeight)
        {
            RegionScaler.Load(pixels[..target.Length], target);
            return;
        }
        if (top < 0 || left < 0 || top + networkHeight > height || left + networkWidth > width)
            target.Clear();
        for (int y = Math.Max(0, -top); y < networkHeight && top + y < height && first < end; y++)
            RegionScaler.Load(pixels.Slice(((top + y) * width + left + first) * channels, (end - first) * channels),
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
