namespace Microsoft.ML.CnnZoo;

/// <summary>Options of <c>mlContext.Transforms.ApplyCnn</c>.</summary>
public sealed record ApplyCnnOptions
{
    /// <summary>
    /// The images: Image (LoadImages), known-size vector of Byte (ExtractPixels), or vector of Byte of unknown size
    /// (LoadRawImageBytes). Default: <c>Features</c>.
    /// </summary>
    public string FeatureColumnName { get; init; } = "Features";

    /// <summary>The column of probabilities to add. Default: <c>Score</c>.</summary>
    public string ScoreColumnName { get; init; } = "Score";

    /// <summary>The column of predicted keys to add, whose values are the class names. Default: <c>PredictedLabel</c>.
    /// </summary>
    public string PredictedLabelColumnName { get; init; } = "PredictedLabel";

    /// <summary>
    /// How many of the most probable classes get columns of their own, ≥ 0: <c>TopLabels</c>, their names, and
    /// <c>TopScores</c>, their probabilities, the most probable first. Default: 0, none.
    /// </summary>
    public int TopK { get; init; }

    /// <summary>How images of another shape are brought to the network's size. Default: CenterCrop.</summary>
    public ImageFit ImageFit { get; init; } = ImageFit.CenterCrop;

    /// <summary>
    /// What is done about images that are missing or cannot be decoded. Default:
    /// <see cref="BadImageScoring.ScoreAsMissing"/>.
    /// </summary>
    public BadImageScoring BadImages { get; init; } = BadImageScoring.ScoreAsMissing;
}
