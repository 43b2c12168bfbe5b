using System.Runtime.InteropServices;

namespace Microsoft.ML.CnnZoo.Distributed;

/// <summary>What a family of MPI libraries calls its objects and constants.</summary>
/// <param name="Name">Name of the family.</param>
/// <param name="World">MPI_COMM_WORLD.</param>
/// <param name="Byte">MPI_BYTE.</param>
/// <param name="ErrorsReturn">MPI_ERRORS_RETURN.</param>
/// <param name="Serialized">MPI_THREAD_SERIALIZED.</param>
/// <param name="Multiple">MPI_THREAD_MULTIPLE.</param>
internal sealed record MpiAbi(string Name, nint World, nint Byte, nint ErrorsReturn, int Serialized, int Multiple)
{
    private const int ThreadSerialized = 2, ThreadMultiple = 3;

    /// <summary>MPICH and its descendants (Intel MPI, MVAPICH, Cray): integers.</summary>
    private static readonly MpiAbi s_mpich = new("MPICH", 0x44000000, 0x4c00010d, 0x54000001, ThreadSerialized,
        ThreadMultiple);

    /// <summary>MPI 5.0, chapter 20: the standard ABI.</summary>
    private static readonly MpiAbi s_standard = new("the standard ABI", 0x101, 0x247, 0x142, 2048, 4096);

    /// <summary>Names of libraries with MPICH's constants, as they begin their version.</summary>
    private static readonly string[] s_mpichVersions = ["MPICH", "Intel(R) MPI", "MVAPICH", "CRAY MPICH"];

    /// <summary>The family of a library.</summary>
    /// <param name="library">The loaded library.</param>
    /// <param name="file">Its file.</param>
    /// <param name="version">What it says of itself.</param>
    /// <exception cref="InvalidOperationException">It is unknown.</exception>
    public static MpiAbi Of(nint library, string file, string version)
    {
        if (Path.GetFileName(file).Contains("mpi_abi", StringComparison.Ordinal))
            return s_standard;
        // Open MPI's handles are addresses of objects that it exports.
        if (version.Contains("Open MPI", StringComparison.Ordinal)
            && NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out nint world))
            return new("Open MPI", world, NativeLibrary.GetExport(library, "ompi_mpi_byte"),
                NativeLibrary.GetExport(library, "ompi_mpi_errors_return"), ThreadSerialized, ThreadMultiple);
        return s_mpichVersions.Any(name => version.Contains(name, StringComparison.OrdinalIgnoreCase)) ? s_mpich
            : throw new InvalidOperationException(
                $"The MPI library '{file}' calls itself '{version}': Open MPI, MPICH (Intel MPI, MVAPICH, Cray) and libmpi_abi are "
                + $"known. {MpiLaunch.LibraryVariable} names the file of another library.");
    }
}
