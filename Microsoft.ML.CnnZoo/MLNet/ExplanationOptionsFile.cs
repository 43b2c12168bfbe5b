namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>The saved form of what to explain.</summary>
internal static class ExplanationOptionsFile
{
    /// <summary>Writes it.</summary>
    public static void Save(BinaryWriter writer, CnnExplanationOptions options)
    {
        writer.Write((int)options.Method);
        writer.Write(options.ClassName is not null);
        writer.Write(options.ClassName ?? "");
        writer.Write(options.Layer ?? "");
        writer.Write(options.Samples);
        writer.Write(options.Noise);
        writer.Write(options.Seed);
        writer.Write(options.OcclusionSize ?? 0);
        writer.Write(options.OcclusionStride ?? 0);
    }

    /// <summary>Reads what <see cref="Save"/> wrote; the values are still to be checked.</summary>
    public static CnnExplanationOptions Load(BinaryReader reader)
    {
        var method = (ExplanationMethod)reader.ReadInt32();
        bool hasClass = reader.ReadBoolean();
        string className = reader.ReadString(), layer = reader.ReadString();
        return new CnnExplanationOptions
        {
            Method = method,
            ClassName = hasClass ? className : null,
            Layer = layer.Length > 0 ? layer : null,
            Samples = reader.ReadInt32(),
            Noise = reader.ReadSingle(),
            Seed = reader.ReadInt32(),
            OcclusionSize = ZeroIsNull(reader.ReadInt32()),
            OcclusionStride = ZeroIsNull(reader.ReadInt32()),
        };
    }

    private static int? ZeroIsNull(int value) => value == 0 ? null : value;
}
