using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Benchmarks;

/// <summary>Where and when figures were measured.</summary>
internal static class MachineDescription
{
    private const string ProcessorFile = "/proc/cpuinfo", ModelName = "model name";

    /// <summary>The widest vectors that this process may use; <c>DOTNET_EnableAVX512=0</c> narrows them.</summary>
    public static string Vectors =>
        Avx512F.IsSupported ? "AVX-512" : Avx2.IsSupported ? "AVX2" : AdvSimd.IsSupported ? "NEON" : "no AVX2";

    /// <summary>One line: date, processor, vectors, threads, runtime.</summary>
    public static string Line(int threads)
    {
        string date = DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        return $"{date}, {Processor()}, {Vectors}, {threads} threads, {RuntimeInformation.FrameworkDescription}.";
    }

    private static string Processor()
    {
        string? line = File.Exists(ProcessorFile) ? File.ReadLines(ProcessorFile)
            .FirstOrDefault(l => l.StartsWith(ModelName, StringComparison.Ordinal)) : null;
        return line is null ? $"{RuntimeInformation.OSArchitecture}"
            : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }
}
