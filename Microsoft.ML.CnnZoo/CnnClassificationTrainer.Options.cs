namespace Microsoft.ML.CnnZoo;

public sealed partial class CnnClassificationTrainer
{
    /// <summary>Options of <see cref="CnnClassificationTrainer"/>. Read when <see cref="Fit(IDataView)"/> is called, never written to.</summary>
#pragma warning disable CA1051, CA1034 // public fields in a nested class: ML.NET's form for options
    public sealed class Options
    {
        /// <summary>The label: a key, as MapValueToKey makes it. Rows with a missing key are left out.</summary>
        public string LabelColumnName = "Label";
        /// <summary>The images: Image, known-size vector of Single or Byte (ExtractPixels), or vector of Byte of unknown size (LoadRawImageBytes).</summary>
        public string FeatureColumnName = "Features";
        /// <summary>The column of probabilities to add.</summary>
        public string ScoreColumnName = "Score";
        /// <summary>The column of predicted keys to add.</summary>
        public string PredictedLabelColumnName = "PredictedLabel";

        /// <summary>The network. Required.</summary>
        public CnnArchitecture? Architecture;
        /// <summary>
        /// Size of the images that the network takes; null: the column's, where it is known (after ResizeImages or ExtractPixels) and not too small for the network, else the paper's.
        /// Channels are the paper's unless said here: a network for gray digits sees color images in gray.
        /// </summary>
        public ImageShape? NetworkInput;
        /// <summary>
        /// Pretrained weights to start from; null for fresh ones. Tensors of another shape (the last layer, for other classes) start fresh, which is logged; missing or surplus ones are refused by name.
        /// Weights belong to their own preprocessing: set <see cref="ImageNormalization"/> to it.
        /// </summary>
        public CnnWeights? InitialWeights;
        /// <summary>Passes over the training images, ≥ 1.</summary>
        public int Epochs = DefaultEpochs;
        /// <summary>Images per step, ≥ 1. Fewer images than this make one smaller batch.</summary>
        public int BatchSize = DefaultBatchSize;
        /// <summary>Learning rate; null for a rate that suits the optimizer and the loss.</summary>
        public float? LearningRate;
        /// <summary>Momentum of the default optimizer, in [0, 1); ignored when <see cref="Optimizer"/> is set.</summary>
        public float Momentum = 0.9f;
        /// <summary>c in g ← g + c·p, on kernels only, ≥ 0.</summary>
        public float WeightDecay;
        /// <summary>The rule that moves the weights; null for gradient descent with <see cref="Momentum"/>.</summary>
        public Optimizer? Optimizer;
        /// <summary>How the learning rate changes; null for a cosine from the rate to zero.</summary>
        public LearningRateSchedule? LearningRateSchedule;
        /// <summary>What is made small; null for the architecture's own: softmax cross-entropy, or for RBF outputs the paper's equation 9.</summary>
        public ClassificationLoss? Loss;
        /// <summary>How kernels of convolutions and dense layers start, for example <see cref="Initializer.HeNormal"/>; null for the paper's way.</summary>
        public Initializer? KernelInitializer;
        /// <summary>
        /// Whether batch norms' running statistics are replaced at the end by statistics over the training images (as augmented) under the final weights: one more pass without
        /// gradients. Scores then agree with training also after a few steps, when running averages lag behind the weights. Without batch norms, or when training is canceled or
        /// diverges, it has no effect; validation while training uses the running averages. Wu, Johnson 2021, arXiv:2105.07576, §3 (precise batch normalization).
        /// </summary>
        public bool RefreshBatchNormStatistics;
        /// <summary>Seed of initialization, order and split; null: drawn from the MLContext's generator, so that MLContext(seed) fixes it.</summary>
        public int? Seed;

        /// <summary>Images that decide which epoch's weights are kept; also given by <see cref="Fit(IDataView, IDataView)"/>, which goes first.</summary>
        public IDataView? ValidationSet;
        /// <summary>Share of the training rows held out at random when there is no validation set, in [0, 1); null or 0 for none: then the last epoch's weights are kept.</summary>
        public float? ValidationSetFraction = 0.1f;
        /// <summary>When to end early; null for never. Without validation images it has no effect.</summary>
        public EarlyStopping? EarlyStopping;
        /// <summary>Which epoch counts as the best.</summary>
        public StoppingMetric StoppingMetric = StoppingMetric.ValidationAccuracy;

        /// <summary>What runs the network.</summary>
        public CnnBackend Backend = CnnBackend.Auto;
        /// <summary>
        /// In what numbers it computes, while training and scoring; saved with the model, in which Auto stays Auto. The weights are 32-bit floats whatever it is.
        /// The default gives the same numbers on processors with and without bfloat16.
        /// </summary>
        public CnnPrecision Precision = CnnPrecision.Float32;
        /// <summary>Whether training computes batch norms and concatenations again for the gradients instead of keeping them: less memory (a DenseNet's falls the most), more time, the same weights.</summary>
        public bool RecomputeActivations;
        /// <summary>Threads; 0 for one per processor. Part of what fixes the weights.</summary>
        public int Threads;

        /// <summary>Order of the values in pixel vectors.</summary>
        public PixelLayout PixelLayout = PixelLayout.Auto;
        /// <summary>Rows of the images in a flat pixel vector; 0: from the column's dimensions, or a square.</summary>
        public int ImageHeight;
        /// <summary>Columns of the images in a flat pixel vector; 0: likewise.</summary>
        public int ImageWidth;
        /// <summary>Values per pixel in a flat pixel vector; 0: likewise.</summary>
        public int ImageChannels;
        /// <summary>How images of another shape are brought to the network's size.</summary>
        public ImageFit ImageFit = ImageFit.CenterCrop;
        /// <summary>value · scale + offset per channel, before the network; null: each channel to mean 0 and deviation 1, measured on the training images. Part of the saved model.</summary>
        public PixelNormalization? ImageNormalization;
        /// <summary>What is done about images that are missing or cannot be decoded, while training.</summary>
        public BadImageHandling BadImages = BadImageHandling.Throw;

        /// <summary>
        /// What the trained network does about images that are missing or cannot be decoded, when it scores; part of the saved
        /// model. Default: <see cref="BadImageScoring.ScoreAsMissing"/>: NaN scores, a missing PredictedLabel and a warning.
        /// In a web service, where JSON has no NaN, prefer <see cref="BadImageScoring.Throw"/>.
        /// </summary>
        public BadImageScoring BadImagesWhenScoring = BadImageScoring.ScoreAsMissing;

        /// <summary>Called for each bad image, on the thread that reads the rows, before it is skipped or ends the training.</summary>
        internal Action<BadImage>? BadImageFound;

        /// <summary>How training images are changed at random; presets are named after papers. With one that takes parts of larger images, the model sees the center of images that are as much larger.</summary>
        public ImageAugmentation Augmentation = ImageAugmentation.None;
        /// <summary>
        /// What the trained network is shown of an image that it scores; part of the saved model. Ten parts are taken from an image 256/224 times as large as the network's unless
        /// <see cref="Augmentation"/> takes parts of larger ones. Validation while training uses the center.
        /// </summary>
        public TestCrops TestCrops = TestCrops.Center;

        /// <summary>
        /// Bytes of memory for decoded images, ≥ 0; null: a quarter of the memory that the process may use. They are held at the network's size (with augmentation: the size that parts
        /// are taken from), as bytes unless the column holds floats.
        /// </summary>
        public long? CacheBudget;
        /// <summary>
        /// Bytes for decoded images in a temporary file once the memory budget is used up, ≥ 0; 1 GiB of the disk is left free. Beyond that, or where there can be no file, images are
        /// decoded again in every epoch: slower, with the same result. The rows must then be the same in every pass.
        /// </summary>
        public long CacheFileBudget = 64L << 30;
        /// <summary>Folder of that file; null for the system's folder for temporary files. The file is gone when Fit ends, or the process.</summary>
        public string? CacheFolder;
        /// <summary>Threads that decode, scale and augment images; 0: as many as <see cref="Threads"/>. Results do not depend on it.</summary>
        public int DecodingThreads;

        /// <summary>Called after each epoch, on the training thread.</summary>
        public Action<EpochProgress>? ProgressCallback;
        /// <summary>Called after each batch, on the training thread; keep it short.</summary>
        public Action<BatchProgress>? BatchCallback;
        /// <summary>
        /// Ends training after the batch at hand: Fit returns a usable transformer with the best weights so far (without validation images: the weights as they are).
        /// Canceled before the first batch, while images are being read, Fit throws <see cref="OperationCanceledException"/>.
        /// </summary>
        public CancellationToken CancellationToken;
    }
#pragma warning restore CA1051, CA1034
}
