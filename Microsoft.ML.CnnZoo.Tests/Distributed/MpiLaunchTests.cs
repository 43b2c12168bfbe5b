using System.Diagnostics;
using Microsoft.ML.CnnZoo.Distributed;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Distributed;

/// <summary>Which MPI started a process, and which library it gets.</summary>
public class MpiLaunchTests
{
    [Theory]
    [InlineData("OMPI_COMM_WORLD_SIZE=4", "Open MPI's mpirun", 4, "libmpi.so.40")]
    [InlineData("PMI_SIZE=2 PMI_RANK=1", "MPICH's mpirun, or srun", 2, "libmpich.so.12")]
    [InlineData("PMIX_RANK=3 SLURM_NTASKS=8", "a launcher that speaks PMIx", 8, "libmpi.so.40")]
    public void Find_VariablesOfALauncher_NameItsLibraryFirst(string variables, string launcher, int size, string library)
    {
        MpiLaunch launch = MpiLaunch.Find(Read(variables))!;
        Assert.Equal((launcher, size, library), (launch.Launcher, launch.Size, launch.Libraries[0]));
        Assert.Contains("libmpi_abi.so.1", launch.Libraries);
    }

    [Theory]
    [InlineData("")]
    [InlineData("SLURM_PROCID=0 SLURM_NTASKS=4")] // srun without an MPI plugin: each task for itself
    public void Find_NoLauncher_FindsNothing(string variables) => Assert.Null(MpiLaunch.Find(Read(variables)));

    [Theory]
    [InlineData("libmpi_abi.so.1", "MPICH 5.0", "the standard ABI", 0x101)]
    [InlineData("libmpich.so.12", "MPICH Version: 4.0.2", "MPICH", 0x44000000)]
    [InlineData("libmpi.so.12", "Intel(R) MPI Library 2021.11 for Linux* OS", "MPICH", 0x44000000)]
    public void Abi_OfALibrary_FollowsFileAndVersion(string file, string version, string name, int world)
    {
        MpiAbi abi = MpiAbi.Of(0, file, version);
        Assert.Equal((name, world), (abi.Name, abi.World));
    }

    [Fact]
    public void Abi_UnknownLibrary_IsRefusedByName()
    {
        var error = Assert.Throws<InvalidOperationException>(() => MpiAbi.Of(0, "libmpi.so", "Somebody's MPI 1.0"));
        Assert.Contains("'Somebody's MPI 1.0'", error.Message, StringComparison.Ordinal);
    }

    [MpiTheory]
    [InlineData("libmpich.so.12")]
    public void Run_LibraryOfAnotherLauncher_IsRefused(string library)
    {
        MpiLauncher openMpi = MpiLauncher.OpenMpi;
        using Process process = (openMpi with { Arguments = ["-x", $"CNNZOO_MPI={library}", .. openMpi.Arguments] })
            .Start(2, "cnnzoo.dll", "list");
        (int code, _, string errors) = MpiLauncher.Finish(process);
        Assert.NotEqual(0, code);
        Assert.Contains("they do not belong together", errors, StringComparison.Ordinal);
    }

    private static Func<string, string?> Read(string variables)
    {
        Dictionary<string, string> values = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(v => v.Split('=')).ToDictionary(v => v[0], v => v[1]);
        return values.GetValueOrDefault;
    }
}
