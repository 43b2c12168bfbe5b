using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary>What the processor says of itself, beyond what .NET asks it.</summary>
internal static class ProcessorFeatures
{
    private const int FeatureLeaf = 7;
    private const int Avx512BFloat16 = 1 << 5; // leaf 7, part 1, eax
    private const int AmxBFloat16 = 1 << 22, AmxTile = 1 << 24; // leaf 7, part 0, edx

    /// <summary>Whether it has instructions that multiply bfloat16 (AVX512-BF16 or AMX-BF16), and an operating system that keeps AVX-512's registers.</summary>
    public static bool MultipliesBFloat16 { get; } = Avx512F.IsSupported && HasBFloat16();

    private static bool HasBFloat16()
    {
        if (X86Base.CpuId(0, 0).Eax < FeatureLeaf)
            return false;
        (int parts, _, _, int features) = X86Base.CpuId(FeatureLeaf, 0);
        return (features & (AmxBFloat16 | AmxTile)) == (AmxBFloat16 | AmxTile) || (parts >= 1 && (X86Base.CpuId(FeatureLeaf, 1).Eax & Avx512BFloat16) != 0);
    }
}
