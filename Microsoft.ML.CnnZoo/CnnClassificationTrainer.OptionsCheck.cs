using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.MLNet;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo;

public sealed partial class CnnClassificationTrainer
{
    public sealed partial class Options
    {
        /// <summary>The weights to start from: the ones given, or those that came with an imported network.</summary>
        internal CnnWeights? StartingWeights => InitialWeights ?? (Architecture as ImportedArchitecture)?.FileWeights;

        /// <summary>Options of their own with the same values.</summary>
        internal Options Copy() => (Options)MemberwiseClone();

        /// <summary>These options with what an <see cref="InitialModel"/> stands for.</summary>
        /// <param name="weights">The model's weights.</param>
        /// <exception cref="ArgumentOutOfRangeException">The options have a network or weights of their own.</exception>
        internal Options StartingFrom(CnnWeights weights)
        {
            CnnClassificationModel model = InitialModel!.Model;
            OptionRange.Require(Architecture is null || Architecture.Name == model.Architecture.Name,
                "Options.Architecture", Architecture?.Name, $"null, or the network of InitialModel, {model.Architecture.Name}");
            OptionRange.Require(InitialWeights is null, "Options.InitialWeights", InitialWeights?.Source,
                "null where there is an InitialModel");
            Options copy = Copy();
            (copy.Architecture, copy.InitialWeights, copy.NetworkInput) =
                (model.Architecture, weights, NetworkInput ?? model.Image);
            return copy;
        }

        /// <summary>Checks every field; each message names the field, what was expected and what was found.</summary>
        /// <exception cref="ArgumentOutOfRangeException">A value is out of its range, or missing.</exception>
        internal void Check()
        {
            CheckColumns();
            OptionRange.Require(Architecture is not null, "Options.Architecture", Architecture,
                "a network: one of CnnArchitectures");
            CheckImages();
            CheckTraining();
            CheckExecution();
        }

        private void CheckColumns()
        {
            foreach ((string? name, string option) in ((string?, string)[])
                [
                    (LabelColumnName, nameof(LabelColumnName)), (FeatureColumnName, nameof(FeatureColumnName)),
                    (ScoreColumnName, nameof(ScoreColumnName)),
                        (PredictedLabelColumnName, nameof(PredictedLabelColumnName)),
                ])
                OptionRange.Require(!string.IsNullOrEmpty(name), $"Options.{option}", name is null ? null : "empty",
                    "the name of a column");
            OptionRange.Require(ScoreColumnName != PredictedLabelColumnName, "Options.ScoreColumnName",
                $"'{ScoreColumnName}'",
                "another name than PredictedLabelColumnName has");
            OptionRange.Require(TopK >= 0, "Options.TopK", TopK, "0 or more");
            OptionRange.Require(AbstainPrecision is null or (> 0 and <= 1), "Options.AbstainPrecision", AbstainPrecision,
                "null, or above 0 and at most 1");
            OptionRange.Require(ExpectedClassShares?.Values.All(s => s >= 0 && float.IsFinite(s)) != false
                && ExpectedClassShares?.Values.Sum() != 0, "Options.ExpectedClassShares",
                string.Join(", ", ExpectedClassShares?.Select(s => $"{s.Key} {s.Value}") ?? []),
                "null, or shares of 0 or more, not all 0");
        }

        private void CheckImages()
        {
            int smallest = Architecture!.MinimumSize;
            OptionRange.Require(
                NetworkInput is not { } input || (input.Channels is 1 or 3 && IsSide(input.Height, smallest)
                    && IsSide(input.Width, smallest)),
                "Options.NetworkInput", NetworkInput,
                $"1 or 3 channels and sides of {smallest} (the least for {Architecture.DisplayName}) "
                    + $"to {CnnModelFile.MaxSide} pixels");
            OptionRange.RequireDefined(PixelLayout, "Options.PixelLayout");
            OptionRange.Require(ImageHeight >= 0, "Options.ImageHeight", ImageHeight, "0 or more");
            OptionRange.Require(ImageWidth >= 0, "Options.ImageWidth", ImageWidth, "0 or more");
            OptionRange.Require(ImageChannels >= 0, "Options.ImageChannels", ImageChannels, "0 or more");
            OptionRange.RequireDefined(ImageFit, "Options.ImageFit");
            OptionRange.Require(MaxImagePixels >= 1, "Options.MaxImagePixels", MaxImagePixels, "1 or more");
            OptionRange.RequireDefined(BadImages, "Options.BadImages");
            OptionRange.RequireDefined(BadImagesWhenScoring, "Options.BadImagesWhenScoring");
            OptionRange.RequireDefined(TestCrops, "Options.TestCrops");
            OptionRange.Require(Augmentation is not null, "Options.Augmentation", Augmentation,
                "an augmentation, or ImageAugmentation.None");
            CheckNormalization();
        }

        private void CheckNormalization()
        {
            if (ImageNormalization is not { } normalization)
                return;
            int channels = (NetworkInput ?? Architecture!.DefaultInput).Channels;
            (int scales, int offsets) = normalization is { Scale.IsDefault: false, Offset.IsDefault: false }
                ? (normalization.Scale.Length, normalization.Offset.Length) : (0, 0);
            OptionRange.Require(scales == channels && offsets == channels, "Options.ImageNormalization",
                $"{scales} scales and {offsets} offsets", $"one of each for each of the network's {channels} channels");
            OptionRange.Require(normalization.Scale.All(s => float.IsFinite(s) && s != 0)
                && normalization.Offset.All(float.IsFinite),
                "Options.ImageNormalization",
                    $"{string.Join(' ', normalization.Scale)} and {string.Join(' ', normalization.Offset)}",
                "finite numbers, and scales that are not 0");
        }

        private void CheckTraining()
        {
            OptionRange.RequireShare(Momentum ?? 0, "Options.Momentum");
            TrainingSettings.Of(this, Architecture!, images: 1, seed: 0, WorkerPool.Shared).Check();
            ClassWeights?.Check();
            OptionRange.RequireDefined(OnCancel, "Options.OnCancel");
            OptionRange.Require(CheckpointFolder is not "", "Options.CheckpointFolder", "empty", "null, or a folder");
            OptionRange.Require(CheckpointInterval is null or { Ticks: >= 0 }, "Options.CheckpointInterval",
                CheckpointInterval, "null, or a time of 0 or more");
            OptionRange.Require(!FindLearningRate || LearningRate is null, "Options.FindLearningRate", FindLearningRate,
                "false where LearningRate is set");
            OptionRange.Require(RunFolder is not "", "Options.RunFolder", "empty", "null, or a folder");
            OptionRange.Require(!Resume || CheckpointFolder is not null || RunFolder is not null, "Options.Resume", Resume,
                "false where CheckpointFolder and RunFolder are null");
            OptionRange.Require(Loss is null || Loss.Outputs == Architecture!.Output, "Options.Loss",
                Loss?.GetType().Name,
                $"a loss for the {Architecture!.Output} outputs of {Architecture.DisplayName}, or null");
            OptionRange.Require(!ResetHead || StartingWeights is not null, "Options.ResetHead", ResetHead,
                "false where InitialWeights and InitialModel are null");
            OptionRange.Require(FineTuning == FineTuning.AllLayers || Architecture!.Output != OutputKind.RbfPenalty,
                "Options.FineTuning", FineTuning,
                $"AllLayers: the codes in which {Architecture!.DisplayName} gives its classes are not trained");
            const string NoWeights = "where there are no weights to start from: set Options.InitialWeights, or "
                + "import a network with its weights";
            OptionRange.Require(FineTuning == FineTuning.AllLayers || StartingWeights is not null, "Options.FineTuning",
                FineTuning, $"AllLayers {NoWeights}");
            OptionRange.Require(FreezeUntil is null || StartingWeights is not null, "Options.FreezeUntil",
                $"'{FreezeUntil}'", $"null {NoWeights}");
            CheckStages();
            OptionRange.Require(ValidationSetFraction is null or (>= 0 and < 1), "Options.ValidationSetFraction",
                ValidationSetFraction,
                "null, or at least 0 and less than 1");
        }

        /// <summary>Names do not depend on the number of classes.</summary>
        private void CheckStages()
        {
            var network = new ClassificationGraphs(Architecture!, NetworkInput ?? Architecture!.DefaultInput, Classes: 2);
            FrozenLayers.Of(network.Architecture, network.Classes, network.Image, FreezeUntil, headAlone: false);
            _ = new RateFactors(network, TrainingSettings.Of(this, Architecture!, images: 1, seed: 0, WorkerPool.Shared));
        }

        private void CheckExecution()
        {
            OptionRange.Require(Threads >= 0, "Options.Threads", Threads, "0 or more");
            OptionRange.Require(DecodingThreads >= 0, "Options.DecodingThreads", DecodingThreads, "0 or more");
            OptionRange.Require(CacheBudget is null or >= 0, "Options.CacheBudget", CacheBudget,
                "null, or 0 or more bytes");
            OptionRange.Require(CacheFileBudget >= 0, "Options.CacheFileBudget", CacheFileBudget, "0 or more bytes");
            OptionRange.Require(CacheFolder is not "", "Options.CacheFolder", "empty", "null, or a folder");
        }

        private static bool IsSide(int side, int smallest) => side >= smallest && side <= CnnModelFile.MaxSide;
    }
}
