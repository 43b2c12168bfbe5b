using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>
/// The saved form of a trained network: a block that says what it is (in Model.key) and a stream of weights, each tensor with name, shape and checksum. Data only:
/// nothing in it is ever executed, and every number is checked before memory is taken for it.
/// </summary>
internal static class CnnModelFile
{
    /// <summary>Version of the block: 2 added the precision, 3 the size of the whole image and the parts of it that are scored. All are read; a higher one is refused.</summary>
    public const int Version = 3;

    private const int PrecisionVersion = 2, CropsVersion = 3;

    /// <summary>Name of the stream of weights.</summary>
    public const string WeightsStream = "Weights.bin";

    private const int WeightsVersion = 1;
    private const uint WeightsMagic = 0x575A4E43; // "CNZW"
    private const uint EndMark = 0x21444E45; // "END!"
    private const int MaxClasses = 1 << 20, MaxRank = 8, MaxSide = 1 << 14;

    /// <summary>Writes the block.</summary>
    public static void SaveHeader(BinaryWriter writer, CnnClassificationModel model)
    {
        writer.Write(Version);
        writer.Write(model.Architecture.Name);
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
    }

    /// <summary>Reads the block and makes a model whose weights are still to be read.</summary>
    /// <exception cref="InvalidDataException">The block is of another version, or contradicts itself.</exception>
    public static CnnClassificationModel LoadHeader(BinaryReader reader)
    {
        int version = reader.ReadInt32();
        if (version is < 1 or > Version)
            throw Damaged("Model.key", $"it is of version {version}; this library reads versions up to {Version}");
        string name = reader.ReadString();
        CnnArchitecture architecture = CnnArchitectures.All.FirstOrDefault(a => a.Name == name) ?? throw Damaged("Model.key", $"it names the network '{name}', which this library does not have");
        if (reader.ReadBoolean())
            architecture = architecture.WithTensorFlowPadding();
        float epsilon = reader.ReadSingle();
        if (!(epsilon >= 0 && float.IsFinite(epsilon)))
            throw Damaged("Model.key", $"it says an epsilon of {epsilon} in batch normalization");
        if (epsilon > 0)
            architecture = architecture.WithBatchNormEpsilon(epsilon);
        int classes = reader.ReadInt32();
        if (classes is < 2 or > MaxClasses)
            throw Damaged("Model.key", $"it says {classes} classes");
        var image = new ImageShape(reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32());
        if (image is not { Height: > 0 and <= MaxSide, Width: > 0 and <= MaxSide, Channels: 1 or 3 } || image.Height < architecture.MinimumSize || image.Width < architecture.MinimumSize)
            throw Damaged("Model.key", $"it says images of {image}, which {architecture.DisplayName} does not take");
        bool floats = reader.ReadBoolean();
        var fit = (ImageFit)reader.ReadInt32();
        if (!Enum.IsDefined(fit))
            throw Damaged("Model.key", $"it says the unknown image fit {(int)fit}");
        ImmutableArray<float> ReadFloats() => [.. Enumerable.Range(0, image.Channels).Select(_ => reader.ReadSingle())];
        var normalization = new PixelNormalization(ReadFloats(), ReadFloats());
        CnnPrecision precision = version < PrecisionVersion ? CnnPrecision.Float32 : (CnnPrecision)reader.ReadInt32();
        if (!Enum.IsDefined(precision))
            throw Damaged("Model.key", $"it says the unknown precision {(int)precision}");
        (ImageShape whole, TestCrops crops) = version < CropsVersion ? (image, TestCrops.Center) : ReadCrops(reader, image);
        return new CnnClassificationModel(architecture, image, classes, floats, fit, normalization, new VariableStore(), precision, whole, crops);
    }

    private static (ImageShape Whole, TestCrops Crops) ReadCrops(BinaryReader reader, ImageShape image)
    {
        ImageShape whole = image with { Height = reader.ReadInt32(), Width = reader.ReadInt32() };
        var crops = (TestCrops)reader.ReadInt32();
        if (whole.Height < image.Height || whole.Height > MaxSide || whole.Width < image.Width || whole.Width > MaxSide || !Enum.IsDefined(crops))
            throw Damaged("Model.key", $"it says parts ({(int)crops}) of {image} from images of {whole}");
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
            ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(model.Weights[definition.Name].Values<float>());
            writer.Write(Crc32.Of(bytes));
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
                throw Damaged(WeightsStream, $"it is of version {version}; this library reads version {WeightsVersion}");
            IReadOnlyList<VariableDefinition> variables = model.Graphs.Scoring().Graph.Variables;
            if (reader.ReadInt32() is int count && count != variables.Count)
                throw Damaged(WeightsStream, $"it holds {count} tensors; {model.Architecture.Name} has {variables.Count}");
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
            throw Damaged(WeightsStream, $"the tensor '{name}' says rank {rank}");
        int[] dimensions = [.. Enumerable.Range(0, rank).Select(_ => reader.ReadInt32())];
        if (!definition.Spec.Shape.Dimensions.SequenceEqual(dimensions))
            throw Damaged(WeightsStream, $"the tensor '{name}' is [{string.Join(',', dimensions)}]; the network's is {definition.Spec.Shape}");
        uint checksum = reader.ReadUInt32();
        Span<byte> bytes = MemoryMarshal.AsBytes(variable.Values<float>());
        reader.BaseStream.ReadExactly(bytes);
        if (Crc32.Of(bytes) != checksum)
            throw Damaged(WeightsStream, $"the tensor '{name}' does not match its checksum");
        variable.Touch();
    }
}
