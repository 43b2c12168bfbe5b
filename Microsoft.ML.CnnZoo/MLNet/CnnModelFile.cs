using System.Collections.Immutable;
using System.IO.Hashing;
using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>
/// The saved form of a trained network: a block that describes it (in Model.key) and a stream of weights, each tensor
/// with name, shape and checksum. Data only: nothing in it is ever executed, and every number is checked before memory
/// is allocated for it.
/// </summary>
internal static class CnnModelFile
{
    /// <summary>
    /// Version of the block. 2 added the precision; 3 the size of the scaled image and its crops; 4 the package that
    /// saved it (always right behind the version, also in later ones), the most pixels of an image, the feature column's
    /// type and what is done about bad images; 5 the graphs of imported networks; 6 letterboxing and columns of the most
    /// probable classes; 7 the decision rule and the classes' shares in training. Lower ones are read, higher ones refused.
    /// </summary>
    public const int Version = 7;

    private const int PrecisionVersion = 2, CropsVersion = 3, PackageVersion = 4, ImportVersion = 5,
        TopVersion = 6, DecisionVersion = 7;
    /// <summary>Name of the block.</summary>
    public const string Block = "Model.key";

    private const string Package = "Microsoft.ML.CnnZoo";

    /// <summary>What ML.NET writes in front of the block, and finds the class by that reads it.</summary>
    public static VersionInfo VersionInfo { get; } = new(
        "CNNZOOCL", 0x00010000 + Version, 0x00010000 + Version, 0x00010001,
        typeof(CnnModelFile).Assembly.FullName, CnnClassificationTransformer.LoaderSignature);

    /// <summary>The same of a transformer that gives features.</summary>
    public static VersionInfo FeaturesVersionInfo { get; } = new(
        "CNNZOOFT", 0x00010000 + Version, 0x00010000 + Version, 0x00010005,
        typeof(CnnModelFile).Assembly.FullName, CnnFeaturizingTransformer.LoaderSignature);

    /// <summary>The same of a transformer that explains.</summary>
    public static VersionInfo ExplanationsVersionInfo { get; } = new(
        "CNNZOOEX", 0x00010000 + Version, 0x00010000 + Version, 0x00010007,
        typeof(CnnModelFile).Assembly.FullName, CnnExplainingTransformer.LoaderSignature);

    /// <summary>Name of the stream of weights.</summary>
    public const string WeightsStream = "Weights.bin";

    private const int WeightsVersion = 1;
    private const uint WeightsMagic = 0x575A4E43; // "CNZW"
    private const uint EndMark = 0x21444E45; // "END!"
    /// <summary>Longest side of a network's images, pixels.</summary>
    public const int MaxSide = 1 << 14;

    private const int MaxClasses = 1 << 20, MaxRank = 8;

    /// <summary>The package's version, as messages and model files state it.</summary>
    private static string ThisPackage { get; } = typeof(CnnModelFile).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>Writes the block's first part: the model.</summary>
    public static void SaveHeader(BinaryWriter writer, CnnClassificationModel model)
    {
        writer.Write(Version);
        writer.Write(ThisPackage);
        writer.Write(model.Architecture.Name);
        ImportedArchitectureFile.Write(writer, model.Architecture);
        writer.Write(model.Architecture.TensorFlowPadding);
        writer.Write(model.Architecture.BatchNormEpsilonOverride ?? 0);
        writer.Write(model.Classes);
        ImageShape image = model.Image;
        writer.Write(image.Height);
        writer.Write(image.Width);
        writer.Write(image.Channels);
        writer.Write(model.TakesFloats);
        writer.Write((int)model.Fit);
        foreach (float value in model.Normalization.Scale.Concat(model.Normalization.Offset))
            writer.Write(value);
        writer.Write((int)model.Precision);
        writer.Write(model.ResizedImage.Height);
        writer.Write(model.ResizedImage.Width);
        writer.Write((int)model.TestCrops);
        writer.Write(model.MaxImagePixels);
        writer.Write(model.Decision.Temperature);
        writer.Write(model.Decision.AbstainBelow);
        WriteForClasses(writer, model.Decision.ClassFactors);
        WriteForClasses(writer, model.TrainingShares);
    }

    /// <summary>A number for each class, or none.</summary>
    private static void WriteForClasses(BinaryWriter writer, IReadOnlyList<double> values)
    {
        writer.Write(values.Count > 0);
        foreach (double value in values)
            writer.Write(value);
    }

    /// <summary>Reads the whole block; the model's weights are still to be read.</summary>
    /// <exception cref="InvalidDataException">The block is of a later version, damaged or truncated.</exception>
    public static (CnnClassificationModel Model, ScoringColumns Columns,
        LabelValues Labels) LoadBlock(BinaryReader reader) =>
        LoadBlock(reader, model => LabelValues.Load(reader, model.Classes));

    /// <summary>The same, where something else follows model and columns.</summary>
    public static (CnnClassificationModel Model, ScoringColumns Columns, T Output) LoadBlock<T>(BinaryReader reader,
        Func<CnnClassificationModel, T> rest)
    {
        try
        {
            CnnClassificationModel model = LoadHeader(reader, out int version);
            ScoringColumns columns = LoadColumns(reader, version, model.TakesFloats);
            return (model, columns, rest(model));
        }
        catch (EndOfStreamException e)
        {
            throw Damaged(Block, "it is truncated", e);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidOperationException
            or OverflowException)
        {
            throw Damaged(Block, e.Message.TrimEnd('.'), e);
        }
    }

    /// <summary>Reads the block's first part and makes a model whose weights are still to be read.</summary>
    /// <param name="reader">At the block's begin.</param>
    /// <param name="version">The block's version.</param>
    /// <exception cref="InvalidDataException">The block is of a later version, or contradicts itself.</exception>
    public static CnnClassificationModel LoadHeader(BinaryReader reader, out int version)
    {
        version = ReadVersion(reader);
        CnnArchitecture architecture = ReadArchitecture(reader, version);
        int classes = reader.ReadInt32();
        if (classes is < 2 or > MaxClasses)
            throw Damaged(Block, $"it has {classes} classes");
        var image = new ImageShape(reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32());
        if (image is not { Height: > 0 and <= MaxSide, Width: > 0 and <= MaxSide, Channels: 1 or 3 }
            || image.Height < architecture.MinimumSize || image.Width < architecture.MinimumSize)
            throw Damaged(Block, $"it has images of {image}, which {architecture.DisplayName} does not accept");
        bool floats = reader.ReadBoolean();
        ImageFit fit = Read<ImageFit>(reader);
        var normalization = new PixelNormalization(ReadFloats(reader, image), ReadFloats(reader, image));
        CnnPrecision precision = version < PrecisionVersion ? CnnPrecision.Float32 : ReadPrecision(reader);
        (ImageShape whole, TestCrops crops) = version < CropsVersion ? (image, TestCrops.Center) : ReadCrops(reader, image);
        long maxPixels = version < PackageVersion ? ImageDecoder.DefaultMaxPixels : reader.ReadInt64();
        if (maxPixels < 1)
            throw Damaged(Block, $"it has at most {maxPixels} pixels an image");
        DecisionRule decision = version < DecisionVersion ? DecisionRule.None : new DecisionRule
        {
            Temperature = reader.ReadDouble(),
            AbstainBelow = reader.ReadDouble(),
            ClassFactors = ReadForClasses(reader, classes),
        };
        decision.Check(classes);
        return new CnnClassificationModel(architecture, image, classes, normalization, new VariableStore())
        {
            Decision = decision,
            TrainingShares = version < DecisionVersion ? [] : ReadForClasses(reader, classes),
            TakesFloats = floats,
            Fit = fit,
            Precision = precision,
            ResizedImage = whole,
            TestCrops = crops,
            MaxImagePixels = maxPixels,
        };
    }

    /// <summary>Writes the block's second part: the columns.</summary>
    public static void SaveColumns(BinaryWriter writer, ScoringColumns columns)
    {
        writer.Write(columns.Feature);
        writer.Write(columns.Score);
        writer.Write(columns.PredictedLabel);
        writer.Write((int)columns.Format.Layout);
        writer.Write(columns.Format.Height);
        writer.Write(columns.Format.Width);
        writer.Write(columns.Format.Channels);
        writer.Write((int)columns.BadImages);
        writer.Write(columns.TopK);
        var image = columns.FeatureType as ImageDataViewType;
        int[] dimensions = image is null ? [.. ((VectorDataViewType)columns.FeatureType).Dimensions]
            : [image.Height, image.Width];
        writer.Write(image is not null);
        writer.Write(dimensions.Length);
        foreach (int dimension in dimensions)
            writer.Write(dimension);
    }

    /// <summary>
    /// Reads what <see cref="SaveColumns"/> wrote. Older versions scored bad images as missing, and recorded no sizes.
    /// </summary>
    public static ScoringColumns LoadColumns(BinaryReader reader, int version, bool floats)
    {
        string feature = reader.ReadString(), score = reader.ReadString(), label = reader.ReadString();
        PixelLayout layout = Read<PixelLayout>(reader);
        var format = new PixelVectorFormat(layout, reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32());
        NumberDataViewType item = floats ? NumberDataViewType.Single : NumberDataViewType.Byte;
        if (version < PackageVersion)
            return new(feature, new VectorDataViewType(item), score, label, format, BadImageScoring.ScoreAsMissing);
        BadImageScoring badImages = Read<BadImageScoring>(reader);
        int top = version < TopVersion ? 0 : reader.ReadInt32();
        if (top is < 0 or > MaxClasses)
            throw Damaged(Block, $"it gives the {top} most probable classes");
        bool isImage = reader.ReadBoolean();
        int rank = reader.ReadInt32();
        if (rank is < 1 or > MaxRank || (isImage && rank != 2))
            throw Damaged(Block, $"its feature column has {rank} dimensions");
        int[] dimensions = [.. Enumerable.Range(0, rank).Select(_ => reader.ReadInt32())];
        if (!isImage)
            return new(feature, new VectorDataViewType(item, dimensions), score, label, format, badImages, top);
        var image = dimensions is [0, 0] ? new ImageDataViewType()
            : new ImageDataViewType(dimensions[0], dimensions[1]);
        return new(feature, image, score, label, format, badImages, top);
    }

    private static int ReadVersion(BinaryReader reader)
    {
        int version = reader.ReadInt32();
        if (version < 1)
            throw Damaged(Block, $"it is of version {version}");
        string package = version < PackageVersion ? "" : reader.ReadString();
        if (version > Version)
            throw new InvalidDataException($"The CNN model cannot be loaded: it was saved by {Package} {package}, in version "
                + $"{version} of its format; this is {Package} {ThisPackage}, which reads versions up to {Version}. "
                + $"Update the package {Package}.");
        return version;
    }

    private static CnnArchitecture ReadArchitecture(BinaryReader reader, int version)
    {
        string name = reader.ReadString();
        CnnArchitecture architecture = version < ImportVersion ? Known(name)
            : ImportedArchitectureFile.Read(reader, name) ?? Known(name);
        if (reader.ReadBoolean())
            architecture = architecture.WithTensorFlowPadding();
        float epsilon = reader.ReadSingle();
        if (!(epsilon >= 0 && float.IsFinite(epsilon)))
            throw Damaged(Block, $"it has an epsilon of {epsilon} in batch normalization");
        return epsilon > 0 ? architecture.WithBatchNormEpsilon(epsilon) : architecture;
    }

    private static CnnArchitecture Known(string name) =>
        CnnArchitectures.All.FirstOrDefault(a => a.Name == name)
        ?? throw Damaged(Block, $"it names the network '{name}', which this library does not have");

    /// <summary>Earlier versions wrote 2 for "the fastest of this machine": 32-bit floats.</summary>
    private static CnnPrecision ReadPrecision(BinaryReader reader)
    {
        int number = reader.ReadInt32();
        return number == 2 ? CnnPrecision.Float32 : Defined<CnnPrecision>(number);
    }

    private static T Read<T>(BinaryReader reader) where T : struct, Enum => Defined<T>(reader.ReadInt32());

    private static T Defined<T>(int number) where T : struct, Enum
    {
        var value = (T)Enum.ToObject(typeof(T), number);
        return Enum.IsDefined(value) ? value : throw Damaged(Block, $"it has the unknown {typeof(T).Name} {number}");
    }

    private static ImmutableArray<float> ReadFloats(BinaryReader reader, ImageShape image)
    {
        ImmutableArray<float> values = [.. Enumerable.Range(0, image.Channels).Select(_ => reader.ReadSingle())];
        return values.All(float.IsFinite) ? values : throw Damaged(Block, "its pixel normalization is not finite");
    }

    private static double[] ReadForClasses(BinaryReader reader, int classes)
    {
        if (!reader.ReadBoolean())
            return [];
        var values = new List<double>(); // which grows as far as there are numbers
        while (values.Count < classes)
            values.Add(reader.ReadDouble());
        return values.All(v => v >= 0 && double.IsFinite(v)) ? [.. values]
            : throw Damaged(Block, "its shares of the classes are not numbers of 0 or more");
    }

    private static (ImageShape Whole, TestCrops Crops) ReadCrops(BinaryReader reader, ImageShape image)
    {
        ImageShape whole = image with { Height = reader.ReadInt32(), Width = reader.ReadInt32() };
        TestCrops crops = Read<TestCrops>(reader);
        if (whole.Height < image.Height || whole.Height > MaxSide || whole.Width < image.Width || whole.Width > MaxSide)
            throw Damaged(Block, $"it has crops of {image} from images of {whole}");
        return (whole, crops);
    }

    /// <summary>Writes the weights.</summary>
    public static void SaveWeights(BinaryWriter writer, CnnClassificationModel model)
    {
        IReadOnlyList<VariableDefinition> variables = model.Graphs.Scoring().Graph.Variables;
        writer.Write(WeightsMagic);
        writer.Write(WeightsVersion);
        writer.Write(variables.Count);
        foreach (VariableDefinition definition in variables)
        {
            writer.Write(definition.Name);
            writer.Write(definition.Spec.Shape.Rank);
            foreach (int dimension in definition.Spec.Shape.Dimensions)
                writer.Write(dimension);
            Variable variable = model.Weights[definition.Name];
            if (!variable.IsFinite)
                throw new InvalidOperationException(
                    $"The model cannot be saved: its tensor '{definition.Name}' has values that are not finite.");
            ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(variable.Values<float>());
            writer.Write(Crc32.HashToUInt32(bytes));
            writer.Write(bytes);
        }
        writer.Write(EndMark);
    }

    /// <summary>Reads the weights into the model's store.</summary>
    /// <exception cref="InvalidDataException">They are truncated, damaged, or of another network.</exception>
    public static void LoadWeights(BinaryReader reader, CnnClassificationModel model)
    {
        try
        {
            if (reader.ReadUInt32() != WeightsMagic)
                throw Damaged(WeightsStream, "it does not begin as weights do");
            if (reader.ReadInt32() is int version && version != WeightsVersion)
                throw Damaged(WeightsStream,
                    $"it is of version {version}; this version of {Package} reads {WeightsVersion}");
            IReadOnlyList<VariableDefinition> variables = model.Graphs.Scoring().Graph.Variables;
            if (reader.ReadInt32() is int count && count != variables.Count)
                throw Damaged(WeightsStream,
                    $"it holds {count} tensors; {model.Architecture.Name} has {variables.Count}");
            foreach (VariableDefinition definition in variables)
                LoadTensor(reader, definition, model.Weights.GetOrAdd(definition.Name, definition.Spec));
            if (reader.ReadUInt32() != EndMark)
                throw Damaged(WeightsStream, "it does not end as weights do");
        }
        catch (EndOfStreamException e)
        {
            throw Damaged(WeightsStream, "it is truncated", e);
        }
    }

    /// <summary>A part of the model file that cannot be used.</summary>
    public static InvalidDataException Damaged(string part, string why, Exception? inner = null) =>
        new($"The CNN model cannot be loaded: something is wrong with its '{part}': {why}.", inner);

    private static void LoadTensor(BinaryReader reader, VariableDefinition definition, Variable variable)
    {
        string name = reader.ReadString();
        if (name != definition.Name)
            throw Damaged(WeightsStream, $"it has a tensor '{name}' where '{definition.Name}' belongs");
        int rank = reader.ReadInt32();
        if (rank is < 0 or > MaxRank)
            throw Damaged(WeightsStream, $"the tensor '{name}' has rank {rank}");
        int[] dimensions = [.. Enumerable.Range(0, rank).Select(_ => reader.ReadInt32())];
        if (!definition.Spec.Shape.Dimensions.SequenceEqual(dimensions))
            throw Damaged(WeightsStream,
                $"the tensor '{name}' is [{string.Join(',', dimensions)}]; the network's is {definition.Spec.Shape}");
        uint checksum = reader.ReadUInt32();
        Span<byte> bytes = MemoryMarshal.AsBytes(variable.Values<float>());
        reader.BaseStream.ReadExactly(bytes);
        if (Crc32.HashToUInt32(bytes) != checksum)
            throw Damaged(WeightsStream, $"the tensor '{name}' does not match its checksum");
        if (!variable.IsFinite)
            throw Damaged(WeightsStream, $"the tensor '{name}' has values that are not finite");
        variable.Touch();
    }
}
