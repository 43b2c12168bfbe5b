namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>What it takes to score a single image: a reader and its buffers. Belongs to one thread at a time.</summary>
internal sealed class ScoringSeat
{
    public ScoringSeat(CnnClassificationModel model)
    {
        Reader = new CropReader(model);
        Crops = new float[Reader.ValueCount];
        Scores = new float[model.Classes];
    }

    /// <summary>Makes crops of an image.</summary>
    public CropReader Reader { get; }

    /// <summary>The crops.</summary>
    public float[] Crops { get; }

    /// <summary>A probability for each class.</summary>
    public float[] Scores { get; }
}
