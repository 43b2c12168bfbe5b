namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary>Which of oneDNN's implementations are worth having.</summary>
internal static class DnnlImplementation
{
    /// <summary>Refuses (and disposes) reference loops ("ref:any", "simple:any"): they are far slower than the managed kernels.</summary>
    public static DnnlPrimitiveDescHandle? Accept(DnnlPrimitiveDescHandle? desc)
    {
        if (desc is null)
            return null;
        string name = DnnlNative.QueryImplementation(desc);
        if (!name.StartsWith("ref", StringComparison.Ordinal) && !name.StartsWith("simple", StringComparison.Ordinal))
            return desc;
        desc.Dispose();
        return null;
    }
}
