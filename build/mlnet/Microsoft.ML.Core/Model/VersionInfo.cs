// Internal, with ML.NET's name: what Save says about its format.
using System;

namespace Microsoft.ML;

internal readonly struct VersionInfo
{
    public readonly ulong ModelSignature;
    public readonly uint VerWrittenCur;
    public readonly uint VerReadableCur;
    public readonly uint VerWeCanReadBack;
    public readonly string LoaderAssemblyName;
    public readonly string LoaderSignature;
    public readonly string LoaderSignatureAlt;

    /// <summary>The model signature has 8 one-byte characters, a loader signature at most 24.</summary>
    public VersionInfo(string modelSignature, uint verWrittenCur, uint verReadableCur, uint verWeCanReadBack, string loaderAssemblyName, string loaderSignature = null, string loaderSignatureAlt = null)
    {
        if (modelSignature?.Length != 8)
            throw new InvalidOperationException("Model signature must be eight characters");
        ModelSignature = Pack(modelSignature, 0, blankIsZero: true);
        VerWrittenCur = verWrittenCur;
        VerReadableCur = verReadableCur;
        VerWeCanReadBack = verWeCanReadBack;
        LoaderAssemblyName = loaderAssemblyName;
        LoaderSignature = loaderSignature;
        LoaderSignatureAlt = loaderSignatureAlt;
    }

    /// <summary>Eight characters from <paramref name="start"/> on as the bytes of a number, the first the lowest.</summary>
    internal static ulong Pack(string text, int start, bool blankIsZero = false)
    {
        ulong packed = 0;
        for (int i = start; i < Math.Min(text.Length, start + 8); i++)
        {
            if (text[i] > 0xFF)
                throw new InvalidOperationException($"Signature '{text}' must have one-byte characters only");
            if (!blankIsZero || text[i] != ' ')
                packed |= (ulong)text[i] << ((i - start) * 8);
        }
        return packed;
    }
}
