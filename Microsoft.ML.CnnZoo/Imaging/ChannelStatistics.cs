namespace Microsoft.ML.CnnZoo.Imaging;

/// <summary>
/// Mean and standard deviation of each channel over many images, and the channels' covariance; sums of bytes are exact,
/// whatever their number.
/// </summary>
internal sealed class ChannelStatistics
{
    private readonly double[] _sums, _products;
    private long _pixels;

    /// <summary>Starts with nothing counted.</summary>
    /// <param name="channels">Values per pixel.</param>
    public ChannelStatistics(int channels) =>
        (_sums, _products) = (new double[channels], new double[channels * channels]);

    /// <summary>Number of channels.</summary>
    public int Channels => _sums.Length;

    /// <summary>Counts pixels [n, channels].</summary>
    public void Add(ReadOnlySpan<byte> pixels)
    {
        if (Channels == 3)
            AddColors(pixels);
        else
            AddBytes(pixels);
        _pixels += pixels.Length / Channels;
    }

    /// <summary>Counts pixels [n, channels].</summary>
    public void Add(ReadOnlySpan<float> pixels)
    {
        int channels = Channels;
        for (int i = 0; i < pixels.Length; i += channels)
            for (int c = 0; c < channels; c++)
            {
                double value = pixels[i + c];
                _sums[c] += value;
                for (int d = 0; d <= c; d++)
                    _products[c * channels + d] += value * pixels[i + d];
            }
        _pixels += pixels.Length / channels;
    }

    /// <summary>Counts what others have counted, too.</summary>
    /// <param name="sum">Replaces numbers by their sums.</param>
    public void Combine(Action<double[]> sum)
    {
        var pixels = (double[])[_pixels];
        foreach (double[] own in (double[][])[pixels, _sums, _products])
            sum(own);
        _pixels = (long)pixels[0];
    }

    /// <summary>Mean of a channel; 0 when nothing was counted.</summary>
    public double Mean(int channel) => _pixels == 0 ? 0 : _sums[channel] / _pixels;

    /// <summary>Standard deviation of a channel, over all pixels.</summary>
    public double StandardDeviation(int channel) => Math.Sqrt(Math.Max(0, Covariance(channel, channel)));

    /// <summary>Covariance of two channels, over all pixels; 0 when nothing was counted.</summary>
    public double Covariance(int first, int second) => _pixels == 0 ? 0
        : _products[Math.Max(first, second) * Channels + Math.Min(first, second)] / _pixels
            - Mean(first) * Mean(second);

    private void AddBytes(ReadOnlySpan<byte> pixels)
    {
        int channels = Channels;
        for (int c = 0; c < channels; c++)
            for (int d = 0; d <= c; d++)
            {
                long sum = 0, products = 0;
                for (int i = 0; i < pixels.Length; i += channels)
                {
                    sum += pixels[i + c];
                    products += pixels[i + c] * pixels[i + d];
                }
                if (d == c)
                    _sums[c] += sum;
                _products[c * channels + d] += products;
            }
    }

    /// <summary>Red, green and blue in one pass. A row of sums of the lower triangle: rr, gr, gg, br, bg, bb.</summary>
    private void AddColors(ReadOnlySpan<byte> pixels)
    {
        long red = 0, green = 0, blue = 0, rr = 0, gr = 0, gg = 0, br = 0, bg = 0, bb = 0;
        for (int i = 0; i + 2 < pixels.Length; i += 3)
        {
            int r = pixels[i], g = pixels[i + 1], b = pixels[i + 2];
            red += r;
            green += g;
            blue += b;
            rr += r * r;
            gr += g * r;
            gg += g * g;
            br += b * r;
            bg += b * g;
            bb += b * b;
        }
        (_sums[0], _sums[1], _sums[2]) = (_sums[0] + red, _sums[1] + green, _sums[2] + blue);
        (_products[0], _products[3], _products[4]) = (_products[0] + rr, _products[3] + gr, _products[4] + gg);
        (_products[6], _products[7], _products[8]) = (_products[6] + br, _products[7] + bg, _products[8] + bb);
    }
}
