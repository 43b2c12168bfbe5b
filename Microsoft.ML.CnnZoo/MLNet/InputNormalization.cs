using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.Weights;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>
/// Chooses what pixels become before the network; the order is documented at the option ImageNormalization.
/// </summary>
/// <param name="Normalization">The choice.</param>
/// <param name="Reason">Why, for the log.</param>
/// <param name="IsGuess">Whether the user should confirm it.</param>
internal sealed record InputNormalization(PixelNormalization Normalization, string Reason, bool IsGuess = false)
{
    private const double FarFromZero = 0.35;

    /// <summary>Chooses.</summary>
    /// <param name="options">The trainer's options.</param>
    /// <param name="fromFloats">Whether images come from a column of floats, scaled by the pipeline.</param>
    /// <param name="statistics">Of the training images.</param>
    /// <param name="form">What the initial weights ask for, where it is known already.</param>
    public static InputNormalization Choose(CnnClassificationTrainer.Options options, bool fromFloats,
        ChannelStatistics statistics, WeightsForm? form = null)
    {
        if (options.ImageNormalization is { } chosen)
            return new(chosen, "Options.ImageNormalization");
        if (options.InitialWeights is null
            && options.Architecture is ImportedArchitecture { IsPreprocessingGuessed: true } imported && !fromFloats)
            return new(imported.Preprocessing.Normalization, imported.PreprocessingReason, IsGuess: true);
        if (options.StartingWeights is { } weights
            && OfWeights(weights, form ?? WeightsForm.Resolve(options.Architecture!, weights.Tensors), fromFloats,
                statistics.Channels) is { } own)
            return own;
        PixelScaling scaling = fromFloats ? PixelScaling.Standardized : options.Architecture!.Pixels;
        // The paper means to give its pixels a mean of about 0: dark ink on white paper, and photographs, have another.
        if (scaling == PixelScaling.LeCun1998 && Math.Abs(PixelNormalization.LeCun1998(1).Scale[0]
            * statistics.Mean(0) + PixelNormalization.LeCun1998(1).Offset[0]) > FarFromZero)
            scaling = PixelScaling.Standardized;
        return new(PixelNormalization.Of(scaling, statistics), scaling switch
        {
            PixelScaling.Standardized => "mean and standard deviation of the training images",
            PixelScaling.SignedUnitRange => "to [-1, 1], as the paper's authors have it",
            _ => "background to -0.1, ink to 1.175, as the paper has it",
        });
    }

    /// <summary>What weights ask for; null where that is not known.</summary>
    public static InputNormalization? OfWeights(CnnWeights weights, WeightsForm form, bool fromFloats, int channels)
    {
        if (weights.Metadata is { } metadata)
            return metadata.FromFloats == fromFloats && metadata.Normalization is { } saved
                && saved.Channels == channels
                ? new(saved, $"as '{weights.Source}' was trained") : null;
        if (fromFloats)
            return new(PixelNormalization.Identity(channels), "floats as they are: the pipeline must scale them as "
                + $"'{weights.Source}' was trained; else set Options.ImageNormalization", IsGuess: true);
        if (form.Preprocessing is { } stated)
            return channels != stated.Normalization.Channels ? null
                : new(stated.Normalization, form.Facts.Origin is { } origin ? $"as {origin} beside the weights says"
                    : "as keras.applications has it");
        PixelNormalization library = LibraryWeights.PixelsOf(form.Architecture);
        string what = library == PixelNormalization.ImageNet ? "ImageNet's mean and standard deviation" : "to [-1, 1]";
        return channels != library.Channels ? null
            : new(library, $"{what}, as torchvision and timm train this network; "
            + "if the weights come from elsewhere, set Options.ImageNormalization");
    }
}
