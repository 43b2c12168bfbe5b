using Microsoft.ML;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.Data;

namespace CnnZoo.Cli.Doctor;

/// <summary>
/// Finds labels that are likely wrong: networks that were not trained on an image are surer of another class than they
/// are of that class's own images on average. Northcutt, Jiang, Chuang 2021, arXiv:1911.00068 ("confident learning").
/// </summary>
/// <param name="images">Images that can be read; those of the test set are not trained on.</param>
/// <param name="groups">A number for each image; of images of one number none is trained on where another is judged.</param>
/// <param name="architecture">The network to train.</param>
/// <param name="epochs">Epochs of each training; null for as many as suit the number of images.</param>
internal sealed class LabelCheck(IReadOnlyList<CheckedImage> images, IReadOnlyList<int> groups, CnnArchitecture architecture,
    int? epochs)
{
    private const int Passes = 30_000, FewestEpochs = 5, MostEpochs = 60;
    private readonly MLContext _mlContext = new(seed: 1);
    private readonly string[] _classes = [.. images.Where(i => !i.IsTest).Select(i => i.Class).Distinct()
        .Order(StringComparer.Ordinal)];

    /// <summary>
    /// The most trainings of which each has images of every class: as many as the rarest class has groups that no class
    /// before it shares; 0 for one class.
    /// </summary>
    public int MostFolds
    {
        get
        {
            Dictionary<string, int> sizes = FirstOfGroups([.. TrainingImages]).CountBy(i => images[i].Class)
                .ToDictionary(StringComparer.Ordinal);
            return _classes.Length < 2 ? 0 : _classes.Min(name => sizes.GetValueOrDefault(name));
        }
    }

    private IEnumerable<int> TrainingImages => Enumerable.Range(0, images.Count).Where(i => !images[i].IsTest);

    /// <summary>Trains, and adds a finding for each image whose label is likely wrong, the surest first.</summary>
    /// <param name="folds">Number of trainings, 2 to <see cref="MostFolds"/>: each leaves out one part of the images.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="findings">Receives them.</param>
    public void Find(int folds, Action<string> progress, List<Finding> findings)
    {
        float[][] probabilities = Predict(folds, progress);
        int[] labels = [.. images.Select(i => Array.IndexOf(_classes, i.Class))];
        double[] usual = [.. _classes.Select((_, c) => TrainingImages.Where(i => labels[i] == c)
            .Average(i => probabilities[i][c]))];
        var suspects = new List<Finding>();
        for (int i = 0; i < images.Count; i++)
        {
            float[] p = probabilities[i];
            int likely = Enumerable.Range(0, p.Length).MaxBy(c => p[c]);
            if (labels[i] >= 0 && likely != labels[i] && p[likely] >= usual[likely])
                suspects.Add(new Finding(FindingKind.Mislabeled, images[i].Path, images[i].Class,
                    $"looks like '{_classes[likely]}' ({p[likely]:F2}) rather than '{images[i].Class}' ({p[labels[i]]:F2})",
                    OtherClass: _classes[likely], Score: p[likely] - p[labels[i]]));
        }
        findings.AddRange(suspects.OrderByDescending(f => f.Score));
    }

    /// <summary>Probabilities by networks that were not trained on the image: of test images the mean over all.</summary>
    private float[][] Predict(int folds, Action<string> progress)
    {
        int[] folder = Deal(folds);
        float[][] probabilities = [.. images.Select(_ => new float[_classes.Length])];
        ITransformer reading = _mlContext.Transforms.Conversion.MapValueToKey("Label",
                keyData: _mlContext.Data.LoadFromEnumerable(_classes.Select(name => new ClassName(name))))
            .Append(_mlContext.Transforms.LoadRawImageBytes("Image", imageFolder: null, inputColumnName: "ImagePath"))
            .Fit(_mlContext.Data.LoadFromEnumerable<LabeledImage>([]));
        for (int fold = 0; fold < folds; fold++)
        {
            progress($"Checks labels: network {fold + 1} of {folds}");
            int[] kept = [.. Enumerable.Range(0, images.Count).Where(i => folder[i] >= 0 && folder[i] != fold)],
                judged = [.. Enumerable.Range(0, images.Count).Where(i => folder[i] < 0 || folder[i] == fold)];
            using CnnClassificationTransformer network = Trainer(kept.Length).Fit(Rows(reading, kept));
            int row = 0;
            foreach (float[] scores in Scores(network.Transform(Rows(reading, judged))))
            {
                int i = judged[row++];
                for (int c = 0; c < scores.Length; c++)
                    probabilities[i][c] += folder[i] < 0 ? scores[c] / folds : scores[c];
            }
        }
        return probabilities;
    }

    private CnnClassificationTrainer Trainer(int count) => _mlContext.MulticlassClassification.Trainers.CnnClassification(
        new CnnClassificationTrainer.Options
        {
            Architecture = architecture,
            FeatureColumnName = "Image",
            Epochs = epochs ?? Math.Clamp(Passes / count, FewestEpochs, MostEpochs),
            ValidationSetFraction = 0,
            Seed = 1,
        });

    private IDataView Rows(ITransformer reading, int[] numbers) => reading.Transform(_mlContext.Data.LoadFromEnumerable(
        numbers.Select(i => new LabeledImage { ImagePath = images[i].Path, Label = images[i].Class })));

    private static IEnumerable<float[]> Scores(IDataView scored)
    {
        using DataViewRowCursor cursor = scored.GetRowCursor([scored.Schema["Score"]]);
        ValueGetter<VBuffer<float>> read = cursor.GetGetter<VBuffer<float>>(scored.Schema["Score"]);
        VBuffer<float> scores = default;
        while (cursor.MoveNext())
        {
            read(ref scores);
            yield return scores.DenseValues().ToArray();
        }
    }

    /// <summary>The fold of each image, which its groups share; of each class a like part is in each. -1 for the test set.</summary>
    private int[] Deal(int folds)
    {
        int[] order = [.. TrainingImages];
        new Random(1).Shuffle(order);
        Dictionary<int, int> dealt = FirstOfGroups(order).Select((i, next) => (groups[i], next % folds)).ToDictionary();
        return [.. Enumerable.Range(0, images.Count).Select(i => images[i].IsTest ? -1 : dealt[groups[i]])];
    }

    /// <summary>One image of each group, class by class.</summary>
    private IEnumerable<int> FirstOfGroups(int[] order) =>
        order.OrderBy(i => images[i].Class, StringComparer.Ordinal).DistinctBy(i => groups[i]);

    /// <summary>A row of the column that says which key stands for which class.</summary>
    private sealed record ClassName(string Label);
}
