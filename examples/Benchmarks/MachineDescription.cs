using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Benchmarks;

/// <summary>Where and when figures were measured.</summary>
internal static class MachineDescription
{
    private const string ProcessorFile = "/proc/cpuinfo", ModelName = "model name";

    /// <summary>One line: date, processor, threads, runtime.</summary>
    public static string Line(int threads)
    {
        string date = DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        string vectors = Avx512F.IsSupported ? "AVX-512" : Avx2.IsSupported ? "AVX2" : "128-bit vectors";
        return $"{date}, {Processor()}, {vectors}, {threads} threads, "
            + $"{RuntimeInformation.FrameworkDescription}.";
    }

    private static string Processor()
    {
        string? line = File.Exists(ProcessorFile) ? File.ReadLines(ProcessorFile)
            .FirstOrDefault(l => l.StartsWith(ModelName, StringComparison.Ordinal)) : null;
        return line is null ? $"{RuntimeInformation.OSArchitecture}"
            : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }
}
