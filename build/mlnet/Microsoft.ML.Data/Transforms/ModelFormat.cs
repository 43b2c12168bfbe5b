namespace Microsoft.ML.Data;

/// <summary>Version numbers of the transforms' saved forms. They are not those of ML.NET, whose zips are refused as too old.</summary>
internal static class ModelFormat
{
    private const uint Version = 0x00090001;

    /// <param name="signature">Eight characters.</param>
    /// <param name="loader">The name under which the assembly registers the loader.</param>
    /// <param name="type">A type of the assembly that has the loader.</param>
    public static VersionInfo Of(string signature, string loader, Type type) =>
        new(signature, Version, Version, Version, type.Assembly.FullName, loader);

    public static void SaveStrings(this ModelSaveContext ctx, string[] texts)
    {
        ctx.Writer.Write(texts.Length);
        foreach (string text in texts)
            ctx.SaveNonEmptyString(text);
    }

    public static string[] LoadStrings(this ModelLoadContext ctx)
    {
        var texts = new string[LoadCount(ctx)];
        for (int i = 0; i < texts.Length; i++)
            texts[i] = ctx.LoadNonEmptyString();
        return texts;
    }

    private static int LoadCount(ModelLoadContext ctx)
    {
        int count = ctx.Reader.ReadInt32();
        return count >= 0 && count <= ctx.Reader.BaseStream.Length
            ? count
            : throw new FormatException($"Corrupt model file: a count of {count}");
    }
}
