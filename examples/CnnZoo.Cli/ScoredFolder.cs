using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary>The images of a folder with a model's probabilities and their true classes.</summary>
/// <param name="Images">The images that could be scored.</param>
/// <param name="Scores">Their probabilities.</param>
/// <param name="Labels">Their classes, as numbers of the model's.</param>
/// <param name="UnknownClasses">Folders that are no class of the model's, whose images are left out.</param>
internal sealed record ScoredFolder(IReadOnlyList<LabeledImage> Images, IReadOnlyList<float[]> Scores,
    IReadOnlyList<int> Labels, IReadOnlyList<string> UnknownClasses)
{
    /// <summary>Scores a folder.</summary>
    /// <param name="scorer">The model.</param>
    /// <param name="folder">Folder with one folder of images per class.</param>
    /// <param name="bad">Where images that cannot be used are listed; reported in the end.</param>
    /// <exception cref="CommandException">Nothing in the folder can be used.</exception>
    public static ScoredFolder Score(ImageScorer scorer, string folder, BadImages bad)
    {
        ImageFolder images = DataFolder.Load(folder);
        string[] unknown = [.. images.Classes.Except(scorer.Classes)];
        if (unknown.Length == images.Classes.Count)
            throw new CommandException(
                $"None of the folders in '{folder}' is named like one of the model's classes "
                + $"({string.Join(", ", scorer.Classes)}).");
        if (unknown.Length > 0)
            Console.Error.WriteLine(
                $"cnnzoo: the model does not know the classes {string.Join(", ", unknown)}: "
                + "their images are left out.");
        (List<LabeledImage> used, List<float[]> scores, List<int> labels) = ([], [], []);
        foreach (ScoredImage scored in scorer.Score([.. images.Images.Where(image => !unknown.Contains(image.Label))]))
        {
            if (scored.Scores is null)
            {
                bad.Add(scored.Image.ImagePath, scored.Problem!);
                continue;
            }
            used.Add(scored.Image);
            scores.Add(scored.Scores);
            labels.Add(Array.IndexOf(scorer.Classes, scored.Image.Label));
        }
        bad.Report();
        return used.Count > 0 ? new(used, scores, labels, unknown)
            : throw new CommandException($"None of the images in '{folder}' can be used.");
    }
}
