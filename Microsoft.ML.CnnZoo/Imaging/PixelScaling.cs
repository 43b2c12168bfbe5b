namespace Microsoft.ML.CnnZoo.Imaging;

/// <summary>What papers do to pixels (0…255) before their networks.</summary>
internal enum PixelScaling
{
    /// <summary>
    /// Each channel to mean 0 and standard deviation 1 over the training images; also where a paper says nothing, or
    /// subtracts the mean alone, which suits its own initial weights only.
    /// </summary>
    Standardized,
    /// <summary>To [-1, 1].</summary>
    SignedUnitRange,
    /// <summary>
    /// Background, 0, to -0.1 and ink, 255, to 1.175: about mean 0 and variance 1 over digits. LeCun et al. 1998,
    /// §II.B.
    /// </summary>
    LeCun1998,
}
