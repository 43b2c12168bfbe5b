namespace Microsoft.ML.CnnZoo;

/// <summary>An image file and its class: a row of <see cref="ImageFolder"/>, and an input row for ML.NET's PredictionEngine.</summary>
public sealed class LabeledImage
{
    /// <summary>Path of the file. Default: empty.</summary>
    public string ImagePath { get; set; } = "";

    /// <summary>Name of the class. Default: empty, for images to be classified.</summary>
    public string Label { get; set; } = "";
}
