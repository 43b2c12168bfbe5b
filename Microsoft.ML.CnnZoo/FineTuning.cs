namespace Microsoft.ML.CnnZoo;

/// <summary>Which layers training changes.</summary>
public enum FineTuning
{
    /// <summary>All of them that are not frozen.</summary>
    AllLayers,
    /// <summary>
    /// The head alone: the layers whose shape depends on the number of classes. The others only compute features:
    /// their weights and running statistics stay bit for bit, batch norms normalize by the running statistics, and no
    /// gradients are computed for them. Dropout works in front of the head; auxiliary classifiers are left out.
    /// Where images are not augmented the features are computed once.
    /// </summary>
    HeadOnly,
    /// <summary>
    /// First the head alone, then all layers that are not frozen, those below the head with a tenth of the learning
    /// rate: a new head's large gradients do not spoil pretrained weights. Howard, Gugger 2020, arXiv:2002.04688, §2.1
    /// (fastai's fine_tune).
    /// </summary>
    HeadFirst,
}
