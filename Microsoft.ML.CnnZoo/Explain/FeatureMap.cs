using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Explain;

/// <summary>A feature map of a layer for an image: its activations, or a projection of the strongest.</summary>
/// <param name="Layer">Name of the layer's node.</param>
/// <param name="Channel">The map's number.</param>
/// <param name="Peak">Its largest activation.</param>
/// <param name="PeakIndex">Where that is in the layer's [H,W,C].</param>
/// <param name="Height">Rows of the map.</param>
/// <param name="Width">Columns of the map.</param>
/// <param name="Values">Its activations [H,W]; or the projection, [image height, image width, image channels].</param>
internal sealed record FeatureMap(string Layer, int Channel, float Peak, int PeakIndex, int Height, int Width, float[] Values)
{
    /// <summary>The maps whose largest activation is largest, in falling order.</summary>
    /// <param name="layer">Name of the layer's node.</param>
    /// <param name="maps">[1,H,W,C].</param>
    /// <param name="shape">Their shape.</param>
    /// <param name="count">Maps at most.</param>
    public static FeatureMap[] Strongest(string layer, ReadOnlySpan<float> maps, TensorShape shape, int count)
    {
        (int height, int width, int channels) = (shape[1], shape[2], shape[3]);
        var peaks = new int[channels];
        for (int channel = 0; channel < channels; channel++)
        {
            peaks[channel] = channel;
            for (int i = channel; i < maps.Length; i += channels)
                if (maps[i] > maps[peaks[channel]])
                    peaks[channel] = i;
        }
        float[] values = maps.ToArray();
        return [.. peaks.OrderByDescending(p => values[p]).Take(count).Select(p => new FeatureMap(layer, p % channels,
            values[p], p, height, width, [.. Enumerable.Range(0, height * width).Select(i => values[i * channels + p % channels])]))];
    }
}
