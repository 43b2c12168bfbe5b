namespace Microsoft.ML.CnnZoo;

public sealed partial class CnnClassificationTrainer
{
    /// <summary>
    /// Options of <see cref="CnnClassificationTrainer"/>. Read and checked when <see cref="Fit(IDataView)"/> is called,
    /// never written to.
    /// </summary>
#pragma warning disable CA1051, CA1034 // public fields in a nested class: ML.NET's form for options
    public sealed partial class Options
    {
        /// <summary>
        /// The label: a key, as MapValueToKey makes it. Rows with a missing key are left out. Default: <c>Label</c>.
        /// </summary>
        public string LabelColumnName = "Label";
        /// <summary>
        /// The images: Image (LoadImages), known-size vector of Single or Byte (ExtractPixels), or vector of Byte of
        /// unknown size (LoadRawImageBytes). Default: <c>Features</c>.
        /// </summary>
        /// <remarks>
        /// Encoded files, in a vector of Byte, are decoded here: on all threads, completely or not at all, their size
        /// checked beforehand, upright as EXIF says, and without alpha: a half-transparent red is red, as in PIL's
        /// convert("RGB"). The files of an Image column were decoded by ML.NET, on one thread, with colors multiplied by
        /// alpha. They are divided by it again, which gives the same within rounding where alpha is large; the color of
        /// fully transparent pixels is lost: black. Where an image is as LoadImages made it (MLImage.Tag names its file,
        /// and the size is the file's), its file's header is read: the picture is turned upright, and a file that ends
        /// too early is found, except interlaced PNG and GIF. For images that were resized, or come from elsewhere,
        /// neither can be known.
        /// </remarks>
        public string FeatureColumnName = "Features";
        /// <summary>The column of probabilities to add. Default: <c>Score</c>.</summary>
        public string ScoreColumnName = "Score";
        /// <summary>The column of predicted keys to add. Default: <c>PredictedLabel</c>.</summary>
        public string PredictedLabelColumnName = "PredictedLabel";
        /// <summary>
        /// How many of the most probable classes get columns of their own, ≥ 0; all where there are fewer:
        /// <c>TopLabels</c>, their names as text, and <c>TopScores</c>, their probabilities, the most probable first.
        /// Default: 0, none.
        /// </summary>
        public int TopK;

        /// <summary>
        /// Whether the trained network's probabilities are calibrated: a temperature is fitted on the validation images, which
        /// there must be, and kept in <see cref="CnnClassificationTransformer.Decision"/>. It changes which class is the most
        /// probable for no image. Default: false.
        /// </summary>
        public bool Calibrate;
        /// <summary>
        /// How often the trained network's answers shall be right, in (0, 1]: for images whose confidence is too low for that,
        /// by the validation images, which there must be, PredictedLabel is missing. What cannot be reached is a warning, and
        /// there are answers to all. Default: null, always an answer.
        /// </summary>
        public float? AbstainPrecision;
        /// <summary>
        /// Shares of the classes where the network is used, by name, ≥ 0, where they are others than in training:
        /// probabilities are corrected for them. One for each class; their sum need not be 1. Default: null, as in training.
        /// </summary>
        public IReadOnlyDictionary<string, float>? ExpectedClassShares;

        /// <summary>
        /// The network, one of <see cref="CnnArchitectures"/>. Required, unless there is an
        /// <see cref="InitialModel"/>; default: null.
        /// </summary>
        public CnnArchitecture? Architecture;
        /// <summary>
        /// Size of the images that the network works on: height and width in pixels, 1 or 3 channels. Default: null, the
        /// column's size where it is known (after ResizeImages or ExtractPixels) and not too small for the network; else
        /// the paper's, or that of the pictures where they are smaller: the median of their shorter sides, in steps of
        /// 32, and a quarter of the paper's at least. With weights to start from, the paper's. Three channels, or one for
        /// the networks for gray digits, unless the pictures have colors. An imported network: its file's size and channels.
        /// </summary>
        public ImageShape? NetworkInput;
        /// <summary>
        /// Pretrained weights to start from. Default: null, random ones. The layers whose shape depends on the number of
        /// classes (the head) are initialized anew where the file lacks them or has another number of classes, which is
        /// logged; other tensors that are missing, surplus or of another shape are refused by name.
        /// </summary>
        public CnnWeights? InitialWeights;
        /// <summary>
        /// A trained network to go on with, for example
        /// <c>CnnClassificationTransformer.From(mlContext.Model.Load("model.zip", out _))</c>: its architecture, image
        /// size, normalization and weights. <see cref="Architecture"/> and <see cref="InitialWeights"/> are null then.
        /// Classes are matched by name, or by number where keys have no values: those of the same name keep their
        /// weights in the head, new ones are initialized, those that are gone are dropped; it is logged. It stays the
        /// caller's. Default: null.
        /// </summary>
        public CnnClassificationTransformer? InitialModel;
        /// <summary>
        /// Whether the head is initialized anew although <see cref="InitialWeights"/> or <see cref="InitialModel"/> has
        /// such classes: set it when they are other ones. Default: false.
        /// </summary>
        public bool ResetHead;
        /// <summary>
        /// Which layers are trained. HeadOnly and HeadFirst need weights to start from, <see cref="InitialWeights"/>, an
        /// <see cref="InitialModel"/> or an imported network's, and a head that is trained: not LeNet-5's fixed codes.
        /// Default: AllLayers.
        /// </summary>
        public FineTuning FineTuning = FineTuning.AllLayers;
        /// <summary>
        /// With <see cref="FineTuning.HeadFirst"/> the epochs, of <see cref="Epochs"/>, that train the head alone: ≥ 1
        /// and fewer than all. The learning rate's schedule runs through; momentum starts anew behind them, and early
        /// stopping begins there. Default: null, a tenth.
        /// </summary>
        public int? HeadEpochs;
        /// <summary>
        /// Name of a stage or layer, as <c>cnnzoo summary</c> lists them (<c>conv4</c>, <c>conv4_2</c>, <c>mixed5b</c>;
        /// <c>layer3</c> in an ONNX file of PyTorch's): it and all layers that it is computed from keep their weights
        /// and running statistics, their batch norms normalize by these, their dropouts are off, and no gradients are
        /// computed for them: faster, and less memory. Where <see cref="Augmentation"/> is None they are computed once for each
        /// image, as with <see cref="FineTuning.HeadOnly"/>. Auxiliary classifiers are left out. It needs weights to start
        /// from. Default: null, none.
        /// </summary>
        public string? FreezeUntil;
        /// <summary>
        /// What the learning rate is multiplied by for all layers but the head, > 0. Default: null, 1, and 0.1 with
        /// <see cref="FineTuning.HeadFirst"/>. Howard, Ruder 2018, arXiv:1801.06146, §3.2.
        /// </summary>
        public float? BodyLearningRateFactor;
        /// <summary>
        /// The same for stages and layers by name, > 0 each, in place of <see cref="BodyLearningRateFactor"/>; a
        /// layer's factor overrides its stage's. Names are those of <see cref="FreezeUntil"/>. Default: null, none.
        /// </summary>
        public Dictionary<string, float>? LearningRateFactors;
        /// <summary>
        /// Passes over the training images, ≥ 1. Default: null, enough: as many as make about 90,000 images, 15 at least and
        /// 200 at most; for networks of up to seven layers without batch norms (the LeNets) 360,000, 20 and 600; with
        /// weights to start from 30,000, 5 and 60. Unless <see cref="EarlyStopping"/> says otherwise, training then ends
        /// early when half of them brought nothing (LeNet-5 of 1998 never: it may begin to learn after half of them).
        /// </summary>
        public int? Epochs;
        /// <summary>
        /// Images per step, ≥ 1. Fewer images than this make one smaller batch. Default: null, 32; 16 for fewer than 500
        /// training images, 64 for 20,000 or more.
        /// </summary>
        public int? BatchSize;
        /// <summary>
        /// Learning rate, > 0, from which the schedule starts; the highest one of <see cref="OneCycleSchedule"/>.
        /// Default: null, one that suits optimizer, network and start: 0.0003 to 0.01 for the Adam family and RMSProp, 0.001
        /// to 0.05 for gradient descent (docs/training.md has the table).
        /// </summary>
        public float? LearningRate;
        /// <summary>
        /// Whether Fit looks for the learning rate first, by a range test on the training images
        /// (<see cref="CnnClassificationTrainer.FindLearningRate"/>: up to 150 steps from the initial weights), and
        /// trains with the rate that it suggests, which is logged, and drawn into <see cref="RunFolder"/>.
        /// <see cref="LearningRate"/> must be null. Default: false.
        /// </summary>
        public bool FindLearningRate;
        /// <summary>
        /// Momentum, in [0, 1), of gradient descent with Nesterov's momentum, which is the optimizer where this is set;
        /// ignored when <see cref="Optimizer"/> is set. Default: null.
        /// </summary>
        public float? Momentum;
        /// <summary>
        /// Weight decay (L2) of kernels, not of biases and batch norms: the factor c in gradient ← gradient + c · weight, ≥ 0;
        /// the papers' are 1e-4 to 5e-4. Default: null, 5e-4, of AdamW 0.01; 0 for RBF outputs (LeNet-5).
        /// </summary>
        public float? WeightDecay;
        /// <summary>
        /// The rule that updates the weights. Default: null, AdamW for networks deeper than the LeNets, gradient descent
        /// with Nesterov's momentum of 0.9 for these. Where <see cref="LearningRate"/> is set, the one of both whose own
        /// rate is nearer to it: AdamW up to some thousandths (docs/training.md has the limits). Where
        /// <see cref="Momentum"/> is set, gradient descent.
        /// </summary>
        public Optimizer? Optimizer;
        /// <summary>
        /// The largest norm of all gradients as one vector, > 0: larger ones are scaled down to it, before weight decay
        /// is added, as PyTorch's clip_grad_norm_ does. Keeps a step on an odd batch small; 1 to 10 are usual. Pascanu
        /// et al. 2012, arXiv:1211.5063. Default: null, none with batch norms, 5 without.
        /// </summary>
        public float? GradientClipNorm;
        /// <summary>
        /// A moving average of the weights, which validation measures and the model gets, in place of the weights
        /// themselves. Default: null, none.
        /// </summary>
        public WeightAveraging? WeightAveraging;
        /// <summary>How the learning rate changes. Default: null, <see cref="OneCycleSchedule"/>.</summary>
        public LearningRateSchedule? LearningRateSchedule;
        /// <summary>
        /// The loss. Default: null, softmax cross-entropy with label smoothing, the paper's or 0.1; or for RBF outputs the
        /// paper's equation 9.
        /// </summary>
        public ClassificationLoss? Loss;
        /// <summary>
        /// How much the images of each class count in the training loss: given weights, or
        /// <see cref="ClassWeights.Balanced"/> ones. Default: null, all the same.
        /// </summary>
        public ClassWeights? ClassWeights;
        /// <summary>
        /// Initial values of the kernels of convolutions and dense layers, for example
        /// <see cref="Initializer.HeNormal"/>. Default: null, the paper's, which networks of more than seven layers without
        /// batch norms rescale so that every layer gives each of its channels standard deviation 1 over some of the images,
        /// and scores 0.1: they would stay at chance on sets smaller than their papers'. Salimans, Kingma 2016,
        /// arXiv:1602.07868, §3.
        /// </summary>
        public Initializer? KernelInitializer;
        /// <summary>
        /// Whether batch norms' running statistics are replaced at the end by statistics over the training images (as
        /// augmented) under the final weights: one more pass without gradients. Scores then agree with training also
        /// after a few steps, when running averages lag behind the weights. It has no effect without batch norms, with
        /// frozen layers, or when training is canceled or diverges; validation while training uses the running averages. Wu, Johnson
        /// 2021, arXiv:2105.07576, §3 (precise batch normalization). Default: true.
        /// </summary>
        public bool RefreshBatchNormStatistics = true;
        /// <summary>
        /// Seed of initialization, order, dropout, augmentation and split. Default: null, drawn from the MLContext's
        /// generator, so that MLContext(seed) fixes it.
        /// </summary>
        public int? Seed;

        /// <summary>
        /// Images that decide which epoch's weights are kept; those given to <see cref="Fit(IDataView, IDataView)"/>
        /// take precedence. Default: null.
        /// </summary>
        public IDataView? ValidationSet;
        /// <summary>
        /// Fraction of each class's training rows held out at random when there is no validation set, in [0, 1); 0 for
        /// none: then the last epoch's weights are kept. A class's only image is trained on. Default: null, 0.1; none of
        /// fewer than 500 images, which would be too few to choose an epoch by.
        /// </summary>
        public float? ValidationSetFraction;
        /// <summary>
        /// When to end early. Without validation images it has no effect. Default: null, never where <see cref="Epochs"/>
        /// are set.
        /// </summary>
        public EarlyStopping? EarlyStopping;
        /// <summary>
        /// Which epoch counts as the best. Default: null, by ValidationAccuracy with 1,000 validation images or more, else
        /// by ValidationLoss, in which chance has less part.
        /// </summary>
        public StoppingMetric? StoppingMetric;

        /// <summary>
        /// How often training may go back when it diverges (the loss or a weight becomes infinite or not a number, or the
        /// loss a thousand times what it was at first), ≥ 0: to the beginning of the epoch, all variables and the optimizer's
        /// state as they were there, and on with a quarter of the rate, which stays in force. Each time is a warning in the log
        /// and counts in <see cref="TrainingResult.Recoveries"/>. It costs a copy of weights and optimizer state in memory; 0 for none.
        /// Default: 3.
        /// </summary>
        public int MaxDivergences = 3;
        /// <summary>
        /// Folder for checkpoints of the training: after each epoch, when it is canceled, and when it ends. Each is one file,
        /// written completely or not at all, with a checksum; the last two are kept. It holds all that decides the rest
        /// of the training: weights, optimizer state, best weights, history. The folder is made when it is needed. What cannot
        /// be written costs a warning in the log, not the training. Checkpoints of an earlier training that are there
        /// are replaced, unless <see cref="Resume"/> is set. It is for one training at a time: while one is at work there, in
        /// whatever process, Fit throws and says which. Default: null, no checkpoints.
        /// </summary>
        public string? CheckpointFolder;
        /// <summary>
        /// Time after which a checkpoint is also written within an epoch, between two steps, ≥ 0. It is larger than one
        /// after an epoch by the weights and the optimizer's state at the beginning of the epoch. Default: null, after
        /// epochs only.
        /// </summary>
        public TimeSpan? CheckpointInterval;
        /// <summary>
        /// Folder that is given everything of the training: <c>options.json</c> (what was in effect, versions, processor),
        /// <c>results.csv</c> (a line for each epoch), <c>learning-curves.svg</c>, <c>learning-rate.svg</c> (with
        /// <see cref="FindLearningRate"/>), <c>confusion-matrix.svg</c> and
        /// <c>samples/validation.png</c> (with validation images), <c>samples/train-batch.png</c>, <c>weights/best.safetensors</c>,
        /// <c>weights/last.safetensors</c>, <c>checkpoints</c> (unless <see cref="CheckpointFolder"/> names another folder),
        /// <c>model.zip</c> (the network alone as a model of ML.NET, without what stands before and after it in the pipeline),
        /// <c>log.txt</c> and events for TensorBoard. Where the folder holds a run already, or one is at work there, and
        /// <see cref="Resume"/> is not set, it is <c>NAME-2</c>, <c>NAME-3</c> …: <see cref="TrainingResult.RunFolder"/> says
        /// which. What cannot be written costs a warning in the log, not the training. Default: null, none.
        /// </summary>
        public string? RunFolder;
        /// <summary>The run's folder, where the caller has opened it, and closes it.</summary>
        internal Runs.RunFolder? OpenRun;
        /// <summary>
        /// Whether training goes on from the newest checkpoint in <see cref="CheckpointFolder"/> or <see cref="RunFolder"/>, if
        /// there is one: the weights at the end are, bit for bit, those of a training that was not disturbed. Callbacks are
        /// called again for the epoch at hand, and not for those before. A training that has ended is not trained further: Fit returns its
        /// result. A checkpoint of another training (other data, classes, network, seed, options that decide the result) is
        /// refused, and the message names the difference; other hardware or another number of threads is a warning. A rate that
        /// <see cref="FindLearningRate"/> found is in the checkpoint, too.
        /// Default: false.
        /// </summary>
        public bool Resume;

        /// <summary>
        /// Numeric precision of training and scoring; saved with the model. The weights are 32-bit floats whatever it
        /// is. Default: Float32.
        /// </summary>
        public CnnPrecision Precision = CnnPrecision.Float32;
        /// <summary>
        /// Whether training recomputes batch norms and concatenations for the gradients instead of keeping them: less
        /// memory (most in DenseNets), more time, the same weights. Default: false.
        /// </summary>
        public bool RecomputeActivations;
        /// <summary>
        /// Ranks that train together, each on its part of the rows: <c>DistributedTraining.Mpi()</c> in a program that
        /// mpirun or srun starts. Default: null, this process alone.
        /// </summary>
        public DistributedTraining? Distributed;
        /// <summary>Threads, ≥ 0; 0 for one per processor. Part of what fixes the weights. Default: 0.</summary>
        public int Threads;

        /// <summary>Order of the values in pixel vectors. Default: Auto.</summary>
        public PixelLayout PixelLayout = PixelLayout.Auto;
        /// <summary>
        /// Height in pixels of the images in a flat pixel vector, ≥ 0. Default: 0, from the column's dimensions, or a square.
        /// </summary>
        public int ImageHeight;
        /// <summary>Width in pixels of the images in a flat pixel vector, ≥ 0. Default: 0, likewise.</summary>
        public int ImageWidth;
        /// <summary>Values per pixel in a flat pixel vector, ≥ 0. Default: 0, likewise.</summary>
        public int ImageChannels;
        /// <summary>How images of another shape are brought to the network's size. Default: CenterCrop.</summary>
        public ImageFit ImageFit = ImageFit.CenterCrop;
        /// <summary>
        /// value · scale + offset per channel, before the network; part of the saved model. Default: null, the first of
        /// these that applies:
        /// <list type="number">
        /// <item>
        /// With <see cref="InitialWeights"/>, what they were trained with: as their file says (files of SaveWeights
        /// do), else as torchvision and timm train the network (<see cref="PixelNormalization.ImageNet"/>, or [-1, 1]
        /// for the Inception family). It is logged.
        /// </item>
        /// <item>
        /// What the paper does: LeNet-1 and LeNet-5 <see cref="PixelNormalization.LeCun1998"/>, where that gives the
        /// training images a mean near 0, as the paper has it; GoogLeNet, Inception and Xception [-1, 1].
        /// </item>
        /// <item>Each channel to mean 0 and standard deviation 1, measured on the training images.</item>
        /// </list>
        /// Columns of floats are scaled by the pipeline, in units that only you know: from there the paper's numbers
        /// are not used, and pretrained weights get the floats as they are, which is logged as a warning.
        /// </summary>
        public PixelNormalization? ImageNormalization;
        /// <summary>
        /// Most pixels, width times height, that an image may have, ≥ 1: a file's header can claim any size, and decoding
        /// allocates 4 bytes a pixel on each thread. A larger image is bad, in training and in scoring; part of the saved
        /// model. Default: 100,000,000, above the cameras in common use (400 MB). LoadImages decodes before this can be
        /// checked, LoadRawImageBytes does not.
        /// </summary>
        public long MaxImagePixels = Data.ImageDecoder.DefaultMaxPixels;
        /// <summary>
        /// What is done about bad images while training: missing, impossible to decode, incomplete, larger than
        /// <see cref="MaxImagePixels"/>, or with values that are not finite. Default: Throw.
        /// </summary>
        public BadImageHandling BadImages = BadImageHandling.Throw;
        /// <summary>
        /// What the trained network does about images that are missing or cannot be decoded, when it scores; part of
        /// the saved model. Default: <see cref="BadImageScoring.ScoreAsMissing"/>: NaN scores, a missing PredictedLabel
        /// and a warning. In a web service, where JSON has no NaN, prefer <see cref="BadImageScoring.Throw"/>.
        /// </summary>
        public BadImageScoring BadImagesWhenScoring = BadImageScoring.ScoreAsMissing;

        /// <summary>
        /// Is called for each bad image, on the thread that reads the rows, before it is skipped or ends the training.
        /// </summary>
        internal Action<BadImage>? BadImageFound;

        /// <summary>
        /// How training images are changed at random; presets are named after papers. With one that crops much larger
        /// images, the model scores the center of images that are as much larger. Default: ImageAugmentation.Auto: crops
        /// of half of the area and more for pictures, small shifts for images of 40 pixels or less, turns, other scales
        /// and colors; mirroring unless mirrored images look less like their class (digits, letters, arrows). None where
        /// only the head is trained.
        /// </summary>
        public ImageAugmentation Augmentation = ImageAugmentation.Auto;
        /// <summary>
        /// The crops of an image that the trained network scores; part of the saved model. Ten crops are taken from an
        /// image 256/224 times as large as the network's unless <see cref="Augmentation"/> crops larger ones.
        /// Validation while training uses the center. Default: Center.
        /// </summary>
        public TestCrops TestCrops = TestCrops.Center;

        /// <summary>
        /// Bytes of memory for decoded images, ≥ 0. They are held at the network's size (with augmentation: the size
        /// that crops are taken from), as bytes unless the column holds floats. Default: null, a quarter of the memory
        /// that the process may use.
        /// </summary>
        public long? CacheBudget;
        /// <summary>
        /// Bytes for decoded images in a temporary file once the memory budget is used up, ≥ 0; 1 GiB of the disk is
        /// left free. Beyond that, or where there can be no file, images are decoded again in every epoch: slower, with
        /// the same result. The rows must then be the same in every pass. Default: 64 GiB.
        /// </summary>
        public long CacheFileBudget = 64L << 30;
        /// <summary>
        /// Folder of that file. The file is gone when Fit ends, or the process. Default: null, the system's folder for
        /// temporary files.
        /// </summary>
        public string? CacheFolder;
        /// <summary>
        /// Threads that decode, scale and augment images, ≥ 0. Results do not depend on it. Default: 0, as many as
        /// <see cref="Threads"/>.
        /// </summary>
        public int DecodingThreads;

        /// <summary>Called after each epoch, on the training thread. Default: null.</summary>
        public Action<EpochProgress>? ProgressCallback;
        /// <summary>Called after each batch, on the training thread; keep it short. Default: null.</summary>
        public Action<BatchProgress>? BatchCallback;
        /// <summary>
        /// Ends training after the current batch, and saves it if there is a <see cref="CheckpointFolder"/>; what Fit does
        /// then says <see cref="OnCancel"/>. Canceled before the first batch, while images are being read, Fit throws
        /// <see cref="OperationCanceledException"/>. Default: none.
        /// </summary>
        public CancellationToken CancellationToken;
        /// <summary>
        /// What Fit does when it is canceled: it returns a usable transformer with the best weights so far (without
        /// validation images: the weights as they are), or throws. Default: ReturnBest.
        /// </summary>
        public CancelBehavior OnCancel = CancelBehavior.ReturnBest;
    }
#pragma warning restore CA1051, CA1034
}
