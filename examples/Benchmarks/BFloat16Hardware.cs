using System.Runtime.Intrinsics.X86;

namespace Benchmarks;

/// <summary>Whether this processor calculates in bfloat16.</summary>
internal static class BFloat16Hardware
{
    private const int Features = 7, Avx512BFloat16 = 1 << 5, AmxBFloat16 = 1 << 22;

    /// <summary>AVX512-BF16 or AMX.</summary>
    public static bool IsThere
    {
        get
        {
            if (!X86Base.IsSupported || X86Base.CpuId(0, 0).Eax < Features)
                return false;
            return (X86Base.CpuId(Features, 0).Edx & AmxBFloat16) != 0 || (X86Base.CpuId(Features, 1).Eax & Avx512BFloat16) != 0;
        }
    }
}
