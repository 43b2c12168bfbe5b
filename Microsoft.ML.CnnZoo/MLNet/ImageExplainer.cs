using System.Collections.Concurrent;
using System.Numerics.Tensors;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Explain;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.Data;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>Explains images, from any number of threads, as they are scored.</summary>
internal sealed class ImageExplainer
{
    private const int CenterOfTen = 4, Projections = 9, Maps = 36;
    private readonly ConcurrentBag<ScoringSeat> _seats = [];
    private readonly CnnScorer _scorer;
    private readonly IReadOnlyList<string> _classNames;
    private readonly NetworkExplainer _network;

    private ImageExplainer(CnnScorer scorer, IReadOnlyList<string> classNames, NetworkExplainer network) =>
        (_scorer, _classNames, _network) = (scorer, classNames, network);

    /// <summary>An explainer.</summary>
    /// <param name="scorer">Scores; frees what the explainer holds when it frees the network.</param>
    /// <param name="classNames">The classes.</param>
    public static ImageExplainer Of(CnnScorer scorer, IReadOnlyList<string> classNames)
    {
        var network = new NetworkExplainer(scorer.Model.Graphs, new Session(KernelSet.Shared), scorer.Model.Weights);
        scorer.FreeWithIt(network);
        return new ImageExplainer(scorer, classNames, network);
    }

    private CnnClassificationModel Model => _scorer.Model;

    /// <summary>Explains an encoded image.</summary>
    /// <param name="file">Its bytes.</param>
    /// <param name="options">What to explain.</param>
    /// <param name="name">The image's name for messages; null when there is none.</param>
    public CnnExplanation Explain(byte[] file, CnnExplanationOptions options, string? name) =>
        Explain(seat => seat.Reader.TryRead(file, seat.Crops, name), options);

    /// <summary>Explains a decoded image.</summary>
    public CnnExplanation Explain(MLImage image, CnnExplanationOptions options) =>
        Explain(seat => seat.Reader.TryRead(image, seat.Crops), options);

    /// <summary>The number of a class.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    public static int IndexOf(string className, IReadOnlyList<string> classNames)
    {
        int index = classNames.ToList().IndexOf(className);
        OptionRange.Require(index >= 0, "CnnExplanationOptions.ClassName", $"'{className}'",
            $"one of the {classNames.Count} classes, such as {string.Join(", ", ArchitectureNames.Near(className, classNames)
                .Concat(classNames).Distinct().Take(5))}");
        return index;
    }

    /// <summary>The image under the heat map of the crops of an image.</summary>
    public Picture Draw(float[] crops, float[] scores, CnnExplanationOptions options, int side)
    {
        (int target, float[] image) = Target(crops, scores, options);
        return HeatMapPicture.Draw(HeatMapPicture.Pixels(image, Model.Normalization, areBytes: !Model.TakesFloats),
            Model.Image, HeatMapOf(image, target, options), side);
    }

    /// <summary>Explains the crops of an image, as <see cref="CropReader"/> gives them.</summary>
    private CnnExplanation Explain(float[] crops, float[] scores, CnnExplanationOptions options)
    {
        (int target, float[] image) = Target(crops, scores, options);
        var explained = new ClassProbability(_classNames[target], scores[target]);
        return options.Method switch
        {
            ExplanationMethod.Deconvnet => Sheet(options, explained,
                _network.Projections(image, options.Layer, Projections), Projected),
            ExplanationMethod.FeatureMaps => Sheet(options, explained,
                _network.FeatureMaps(image, options.Layer, Maps), maps => new(maps[0].Layer, maps[0].Height, maps[0].Width,
                    maps[0].Values)),
            _ => Overlay(options, explained, HeatMapOf(image, target, options), image),
        };
    }

    /// <summary>Scores an image, and says which class of which crop is explained.</summary>
    private (int Class, float[] Image) Target(float[] crops, float[] scores, CnnExplanationOptions options)
    {
        _scorer.Score(crops, 1, scores);
        int size = Model.Image.ValueCount;
        return (options.ClassName is { } name ? IndexOf(name, _classNames) : TensorPrimitives.IndexOfMax<float>(scores),
            crops.AsSpan(crops.Length == size ? 0 : CenterOfTen * size, size).ToArray());
    }

    private CnnExplanation Explain(Func<ScoringSeat, bool> read, CnnExplanationOptions options)
    {
        options.Check();
        using IDisposable hold = _scorer.Hold();
        if (!_seats.TryTake(out ScoringSeat? seat))
            seat = new ScoringSeat(Model);
        try
        {
            return read(seat) ? Explain(seat.Crops, seat.Scores, options)
                : throw new InvalidDataException($"The image cannot be explained: {seat.Reader.Problem}.");
        }
        finally
        {
            _seats.Add(seat);
        }
    }

    private HeatMap HeatMapOf(float[] image, int target, CnnExplanationOptions options) => options.Method switch
    {
        ExplanationMethod.GradCam => _network.GradCam(image, target, options.Layer),
        ExplanationMethod.Saliency => _network.Saliency(image, target),
        ExplanationMethod.SmoothGrad =>
            _network.SmoothGrad(image, target, options.Samples, options.Noise, options.Seed),
        _ => _network.Occlusion(image, target, options.OcclusionSizeFor(Model.Image),
            options.OcclusionStrideFor(Model.Image)),
    };

    private CnnExplanation Overlay(CnnExplanationOptions options, ClassProbability explained, HeatMap map, float[] image)
    {
        byte[] pixels = HeatMapPicture.Pixels(image, Model.Normalization, areBytes: !Model.TakesFloats);
        return new(options.Method, explained, map, side => HeatMapPicture.Draw(pixels, Model.Image, map, side).ToPng());
    }

    private CnnExplanation Sheet(CnnExplanationOptions options, ClassProbability explained, FeatureMap[] maps,
        Func<FeatureMap[], HeatMap> values) => new(options.Method, explained, values(maps), side =>
            options.Method == ExplanationMethod.Deconvnet ? FeatureMapSheet.Projections(maps, Model.Image, side)
                : FeatureMapSheet.Maps(maps, side));

    private HeatMap Projected(FeatureMap[] maps) => new(maps[0].Layer, Model.Image.Height, Model.Image.Width,
        [.. maps[0].Values.Chunk(Model.Image.Channels).Select(pixel => pixel.Max(Math.Abs))]);
}
