using Microsoft.ML.Data;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>The columns of a trained network, and how its feature column is read.</summary>
/// <param name="Feature">Name of the column of images.</param>
/// <param name="FeatureType">Its type in training.</param>
/// <param name="Score">Name of the column of probabilities.</param>
/// <param name="PredictedLabel">Name of the column of predicted keys.</param>
/// <param name="Format">What the user said about pixel vectors.</param>
/// <param name="BadImages">What is done about bad images.</param>
/// <param name="TopK">How many of the most probable classes get columns of their own; 0 for none.</param>
internal sealed record ScoringColumns(
    string Feature, DataViewType FeatureType, string Score, string PredictedLabel, PixelVectorFormat Format,
    BadImageScoring BadImages, int TopK = 0)
{
    /// <summary>Columns of the most probable classes' names and probabilities.</summary>
    public const string TopLabels = "TopLabels", TopScores = "TopScores";
}
