using System.Runtime.InteropServices;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary>Finds and loads the oneDNN library, once per process, and holds it to one thread per call.</summary>
internal static partial class DnnlLibrary
{
    /// <summary>The name under which the imports ask for the library.</summary>
    public const string ImportName = "dnnl";

    /// <summary>The major version whose C API the imports follow: the names of version 3 differ.</summary>
    public const int SupportedMajor = 2;

    /// <summary>File names of that version, in the order in which they are tried.</summary>
    public static readonly IReadOnlyList<string> FileNames = ["libdnnl.so.2", "libdnnl.2.dylib", "dnnl.dll"];

    private static readonly Lock Gate = new();
    private static string? s_failure;
    private static nint s_library;
    private static DnnlEngineHandle? s_engine;
    private static bool s_usesOpenMP;

    /// <summary>The engine for the processor, shared by all kernels.</summary>
    public static DnnlEngineHandle Engine => s_engine ?? throw new DnnlException("oneDNN is not loaded.");

    /// <summary>Loads the library unless that was done; the answer is the same ever after.</summary>
    /// <param name="reason">Why it cannot be used; empty on success.</param>
    public static bool TryLoad(out string reason)
    {
        lock (Gate)
        {
            if (s_engine is null && s_failure is null)
                s_failure = Load();
            reason = s_failure ?? "";
            return s_failure is null;
        }
    }

    /// <summary>Opens the first of the files that exists and has the supported version, without binding the imports to it.</summary>
    public static nint TryOpen(IReadOnlyList<string> fileNames, out DnnlVersion version, out string reason)
    {
        version = default;
        reason = $"oneDNN was not found (looked for {string.Join(", ", fileNames)}; on Debian and Ubuntu: apt-get install libdnnl2).";
        foreach (string file in fileNames)
        {
            if (!NativeLibrary.TryLoad(file, out nint library))
                continue;
            if (ReadVersion(library, out version) && Rejection(version) is not string rejection)
            {
                reason = "";
                return library;
            }
            reason = version.Major == 0 ? $"{file} is not oneDNN." : Rejection(version)!;
            NativeLibrary.Free(library);
        }
        return 0;
    }

    /// <summary>Why a version cannot be used; null when it can.</summary>
    public static string? Rejection(in DnnlVersion version) => version.Major == SupportedMajor ? null
        : $"oneDNN {version.Major}.{version.Minor}.{version.Patch} was found; this library needs version {SupportedMajor}.";

    /// <summary>
    /// Holds oneDNN to the calling thread: kernels share their work over <see cref="Execution.WorkerPool"/> themselves, so that libgomp never starts
    /// workers, which would spin beside the pool's.
    /// </summary>
    public static void UseOneThread()
    {
        if (s_usesOpenMP)
            omp_set_num_threads(1);
    }

    private static string? Load()
    {
        s_library = TryOpen(FileNames, out DnnlVersion version, out string reason);
        if (s_library == 0)
            return reason;
        NativeLibrary.SetDllImportResolver(typeof(DnnlLibrary).Assembly, (name, _, _) => name == ImportName ? s_library : 0);
        s_usesOpenMP = version.CpuRuntime == DnnlVersion.OpenMP && NativeLibrary.TryGetExport(s_library, nameof(omp_set_num_threads), out _);
        try
        {
            s_engine = DnnlNative.CreateEngine();
            return null;
        }
        catch (Exception e) when (e is DnnlException or EntryPointNotFoundException)
        {
            return $"oneDNN {version.Major}.{version.Minor}.{version.Patch} cannot be used: {e.Message}";
        }
    }

    private static unsafe bool ReadVersion(nint library, out DnnlVersion version)
    {
        version = default;
        if (!NativeLibrary.TryGetExport(library, "dnnl_version", out nint function))
            return false;
        version = *((delegate* unmanaged<DnnlVersion*>)function)();
        return true;
    }

    // libgomp is a dependency of the library, so that its symbols are found through it.
    [LibraryImport(ImportName), SuppressGCTransition]
    private static partial void omp_set_num_threads(int count);
}
