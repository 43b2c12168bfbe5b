namespace Microsoft.ML.CnnZoo;

/// <summary>Which layers training changes.</summary>
public enum FineTuning
{
    /// <summary>All of them.</summary>
    AllLayers,
    /// <summary>
    /// The head alone: the layers whose shape depends on the number of classes. The others only compute features:
    /// their weights and running statistics stay bit for bit, batch norms normalize by the running statistics, and no
    /// gradients are computed for them. Dropout works as in training; auxiliary classifiers are left out.
    /// </summary>
    HeadOnly,
}
