namespace Microsoft.ML.CnnZoo;

/// <summary>How a network's view of an image is explained.</summary>
public enum ExplanationMethod
{
    /// <summary>
    /// Where a layer's feature maps speak for the class: their sum, each weighted by the mean of its gradient. Coarse, as
    /// the layer is; one pass forward and a short one back. Selvaraju et al. 2016, arXiv:1610.02391.
    /// </summary>
    GradCam,
    /// <summary>
    /// How much each pixel moves the class's logit: the largest absolute gradient over the channels. Simonyan, Vedaldi,
    /// Zisserman 2013, arXiv:1312.6034.
    /// </summary>
    Saliency,
    /// <summary>
    /// <see cref="Saliency"/> of the mean gradient of noisy copies of the image. Smilkov et al. 2017, arXiv:1706.03825.
    /// </summary>
    SmoothGrad,
    /// <summary>
    /// By how much the class's probability falls where a square of the image is hidden. Needs no gradient and the most
    /// time: it scores the image once for each place of the square. Zeiler, Fergus 2013, arXiv:1311.2901, section 4.2.
    /// </summary>
    Occlusion,
    /// <summary>
    /// What the nine strongest feature maps of a layer are projected back to in the image, whatever the class. Zeiler,
    /// Fergus 2013, section 2.1.
    /// </summary>
    Deconvnet,
    /// <summary>The 36 strongest feature maps of a layer, whatever the class.</summary>
    FeatureMaps,
}
