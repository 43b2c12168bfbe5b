using System.Globalization;

namespace Microsoft.ML.CnnZoo.Distributed;

/// <summary>Who started this process as a rank, by the environment variables that launchers set.</summary>
/// <param name="Launcher">For messages.</param>
/// <param name="Size">Number of ranks; null where the launcher does not say.</param>
/// <param name="Libraries">Files to look for, in this order.</param>
internal sealed record MpiLaunch(string Launcher, int? Size, IReadOnlyList<string> Libraries)
{
    /// <summary>Environment variable that names the library's file.</summary>
    public const string LibraryVariable = "CNNZOO_MPI";

    private static readonly string[] s_openMpi = ["libmpi.so.40", "libmpi.40.dylib"],
        s_mpich = ["libmpich.so.12", "libmpi.so.12", "libmpi.12.dylib", "impi.dll", "msmpi.dll"],
        s_standard = ["libmpi_abi.so.1", "libmpi_abi.so.0", "libmpi_abi.so", "libmpi_abi.dylib"],
        s_any = ["libmpi.so", "libmpi.dylib"];

    /// <summary>The launch of this process; null where it was started by itself.</summary>
    public static MpiLaunch? Find() => Find(Environment.GetEnvironmentVariable);

    /// <summary>The same for any environment.</summary>
    /// <param name="read">Gives a variable's value.</param>
    public static MpiLaunch? Find(Func<string, string?> read)
    {
        int? Number(string name) => int.TryParse(read(name), NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : null;
        if (Number("OMPI_COMM_WORLD_SIZE") is { } openMpi)
            return new("Open MPI's mpirun", openMpi, [.. s_openMpi, .. s_any, .. s_standard]);
        if (Number("PMI_SIZE") is { } pmi)
            return new("MPICH's mpirun, or srun", pmi, [.. s_mpich, .. s_any, .. s_standard]);
        if (Number("PMI_RANK") is not null)
            return new("a launcher that speaks PMI", Number("SLURM_NTASKS"), [.. s_mpich, .. s_any, .. s_standard]);
        return Number("PMIX_RANK") is null ? null : new("a launcher that speaks PMIx", Number("SLURM_NTASKS"),
            [.. s_openMpi, .. s_any, .. s_standard, .. s_mpich]);
    }

    /// <summary>What a process that was started by itself can load: it is the only rank.</summary>
    public static MpiLaunch None { get; } = new("no launcher", null, [.. s_openMpi, .. s_mpich, .. s_standard, .. s_any]);
}
