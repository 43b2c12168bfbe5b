using System.Numerics.Tensors;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo.Explain;

/// <summary>Numbers in rows and columns that explain an image, and the layer that they are of.</summary>
/// <param name="Layer">Name of a node; empty where no layer matters.</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
/// <param name="Values">Row by row.</param>
internal sealed record HeatMap(string Layer, int Height, int Width, float[] Values);

/// <summary>
/// Explains what a network does with an image, given as the network reads it: [height, width, channels], normalized.
/// From any number of threads.
/// </summary>
/// <param name="graphs">The network.</param>
/// <param name="session">Compiles plans.</param>
/// <param name="weights">The network's weights, which outlive the explainer.</param>
internal sealed class NetworkExplainer(ClassificationGraphs graphs, Session session, VariableStore weights) : IDisposable
{
    private const int OcclusionBatch = 16;
    private const long OcclusionBytes = 8 << 20;
    private readonly PlanPool _plans = new(session, weights);
    private readonly ExplanationGraphs _explanations = new(graphs);
    private readonly ImageShape _image = graphs.Image;

    /// <summary>Where a layer's maps speak for a class.</summary>
    public HeatMap GradCam(ReadOnlySpan<float> image, int target, string? layer)
    {
        float[] copy = image.ToArray();
        return _plans.Use($"gradcam {layer}", 1, () => (_explanations.GradCam(layer, out NodeDef maps), maps.Name),
            (plan, name) =>
            {
                Run(plan, copy, target);
                TensorShape shape = plan.FetchSpec(0).Shape;
                return new HeatMap(name, shape[1], shape[2], plan.Fetch<float>(0).ToArray());
            });
    }

    /// <summary>How much each pixel of an image moves a class's logit.</summary>
    public HeatMap Saliency(ReadOnlySpan<float> image, int target)
    {
        float[] copy = image.ToArray();
        return UseSaliency(plan =>
        {
            Run(plan, copy, target);
            return new HeatMap("", _image.Height, _image.Width, plan.Fetch<float>(0).ToArray());
        });
    }

    /// <summary>
    /// The same of gradients that are averaged over noisy copies of the image. Smilkov et al. 2017, arXiv:1706.03825.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="target">The class.</param>
    /// <param name="samples">Copies.</param>
    /// <param name="noise">The noise's standard deviation, as a share of the image's range.</param>
    /// <param name="seed">Seed of the noise.</param>
    public HeatMap SmoothGrad(ReadOnlySpan<float> image, int target, int samples, float noise, long seed)
    {
        float[] copy = image.ToArray();
        float deviation = noise * (TensorPrimitives.Max<float>(image) - TensorPrimitives.Min<float>(image));
        return UseSaliency(plan =>
        {
            var random = new PhiloxRandom(seed, RandomPurpose.Explanation);
            float[] noisy = new float[copy.Length], sum = new float[copy.Length];
            for (int sample = 0; sample < samples; sample++)
            {
                for (int i = 0; i < noisy.Length; i++)
                    noisy[i] = copy[i] + (float)(deviation * random.NextNormal());
                Run(plan, noisy, target);
                TensorPrimitives.Add(sum, plan.Fetch<float>(1), sum);
            }
            TensorPrimitives.Divide(sum, samples, sum);
            return new HeatMap("", _image.Height, _image.Width, Strongest(sum));
        });
    }

    /// <summary>
    /// By how much a class's probability falls where a square of the image is hidden behind 0, the middle of the
    /// normalized values: one number for each place of the square. Zeiler, Fergus 2013, arXiv:1311.2901, section 4.2.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="target">The class.</param>
    /// <param name="patch">The square's side, pixels; what sticks out of the image is cut off.</param>
    /// <param name="stride">Pixels between two places.</param>
    public HeatMap Occlusion(ReadOnlySpan<float> image, int target, int patch, int stride)
    {
        int rows = (_image.Height + stride - 1) / stride, columns = (_image.Width + stride - 1) / stride;
        int batch = (int)Math.Clamp(OcclusionBytes / (image.Length * sizeof(float)), 1, OcclusionBatch);
        float[] copy = image.ToArray();
        return _plans.Use("occlusion", batch, () => (graphs.Scoring(), ""), (plan, _) =>
        {
            float Probability(int slot) => plan.Fetch<float>(0)[slot * graphs.Classes + target];
            copy.CopyTo(plan.Feed<float>(ClassificationGraph.ImageInput));
            plan.Run();
            float whole = Probability(0);
            var drops = new float[rows * columns];
            for (int first = 0; first < drops.Length; first += batch)
            {
                int count = Math.Min(batch, drops.Length - first);
                Span<float> feed = plan.Feed<float>(ClassificationGraph.ImageInput);
                for (int i = 0; i < count; i++)
                    Hide(copy, feed.Slice(i * copy.Length, copy.Length), (first + i) / columns * stride,
                        (first + i) % columns * stride, patch);
                plan.Run();
                for (int i = 0; i < count; i++)
                    drops[first + i] = whole - Probability(i);
            }
            return new HeatMap("", rows, columns, drops);
        });
    }

    /// <summary>The maps of a layer that are strongest for an image, the strongest first.</summary>
    /// <param name="image">The image.</param>
    /// <param name="layer">The layer; null for the last one.</param>
    /// <param name="count">Maps at most.</param>
    public FeatureMap[] FeatureMaps(ReadOnlySpan<float> image, string? layer, int count)
    {
        float[] copy = image.ToArray();
        return _plans.Use($"maps {layer}", 1, () => (_explanations.FeatureMaps(layer, out NodeDef maps), maps.Name),
            (plan, name) =>
            {
                Run(plan, copy, null);
                return FeatureMap.Strongest(name, plan.Fetch<float>(0), plan.FetchSpec(0).Shape, count);
            });
    }

    /// <summary>
    /// What the strongest element of each of a layer's strongest maps is projected back to in the image.
    /// </summary>
    /// <inheritdoc cref="FeatureMaps"/>
    public FeatureMap[] Projections(ReadOnlySpan<float> image, string? layer, int count)
    {
        float[] copy = image.ToArray();
        return _plans.Use<FeatureMap[]>($"projection {layer}", 1, () => (_explanations.Projection(layer, out NodeDef maps), maps.Name),
            (plan, name) =>
            {
                plan.Feed<float>(ExplanationGraphs.ElementInput).Clear();
                Run(plan, copy, null);
                FeatureMap[] strongest =
                    FeatureMap.Strongest(name, plan.Fetch<float>(1), plan.FetchSpec(1).Shape, count);
                return [.. strongest.Select(map => map with { Values = Project(plan, copy, map) })];
            });
    }

    /// <inheritdoc/>
    public void Dispose() => _plans.Dispose();

    private static float[] Project(Executable plan, float[] image, FeatureMap map)
    {
        Span<float> element = plan.Feed<float>(ExplanationGraphs.ElementInput);
        element.Clear();
        element[map.PeakIndex] = 1;
        Run(plan, image, null);
        return plan.Fetch<float>(0).ToArray();
    }

    private T UseSaliency<T>(Func<Executable, T> use) =>
        _plans.Use("saliency", 1, () => (_explanations.Saliency(), ""), (plan, _) => use(plan));

    /// <summary>Runs a plan for one image; target: the class that is explained.</summary>
    private static void Run(Executable plan, float[] image, int? target)
    {
        image.CopyTo(plan.Feed<float>(ClassificationGraph.ImageInput));
        if (target is { } index)
        {
            Span<float> factors = plan.Feed<float>(ExplanationGraphs.ClassInput);
            factors.Clear();
            factors[index] = 1;
        }
        plan.Run();
    }

    /// <summary>The largest absolute value over the channels of each pixel.</summary>
    private float[] Strongest(float[] gradient)
    {
        var strongest = new float[_image.Height * _image.Width];
        for (int pixel = 0; pixel < strongest.Length; pixel++)
            strongest[pixel] = Math.Abs(TensorPrimitives.MaxMagnitude<float>(
                gradient.AsSpan(pixel * _image.Channels, _image.Channels)));
        return strongest;
    }

    private void Hide(float[] image, Span<float> target, int top, int left, int patch)
    {
        image.CopyTo(target);
        int width = Math.Min(patch, _image.Width - left), bottom = Math.Min(top + patch, _image.Height);
        for (int y = top; y < bottom; y++)
            target.Slice((y * _image.Width + left) * _image.Channels, width * _image.Channels).Clear();
    }
}
