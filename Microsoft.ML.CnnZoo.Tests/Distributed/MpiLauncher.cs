using System.Diagnostics;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Distributed;

/// <summary>An MPI that is installed: its launcher, and how it starts more ranks than there are processors.</summary>
/// <param name="Name">For messages.</param>
/// <param name="Command">The launcher.</param>
/// <param name="Arguments">Its arguments.</param>
internal sealed record MpiLauncher(string Name, string Command, string[] Arguments)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    public static MpiLauncher OpenMpi { get; } = new("Open MPI", "mpirun.openmpi",
        ["--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n"]);

    public static MpiLauncher Mpich { get; } = new("MPICH", "mpirun.mpich", ["-n"]);

    /// <summary>The launcher of that name.</summary>
    public static MpiLauncher Of(string name) => name == OpenMpi.Name ? OpenMpi : Mpich;

    /// <summary>Whether it is here.</summary>
    public bool IsInstalled => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, Command)));

    /// <summary>Starts ranks of a program in this folder.</summary>
    public Process Start(int ranks, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(Command,
            [.. Arguments, $"{ranks}", "dotnet", Path.Combine(AppContext.BaseDirectory, program), .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["DOTNET_PROCESSOR_COUNT"] = "1"; // more ranks than processors, and the sums of one thread
        return Process.Start(start)!;
    }

    /// <summary>Runs ranks of a program to their end.</summary>
    public (int ExitCode, string Output, string Errors) Run(int ranks, string program, params string[] arguments)
    {
        using Process process = Start(ranks, program, arguments);
        return Finish(process);
    }

    /// <summary>Waits for the end; ranks that hang are killed.</summary>
    public static (int ExitCode, string Output, string Errors) Finish(Process process)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(s_limit))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"The ranks hang. {output.Result} {errors.Result}");
        }
        return (process.ExitCode, output.Result, errors.Result);
    }
}

/// <summary>A theory over MPI libraries: skipped where none is installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class MpiTheoryAttribute : TheoryAttribute
{
    public MpiTheoryAttribute()
    {
        if (!MpiLauncher.OpenMpi.IsInstalled || !MpiLauncher.Mpich.IsInstalled)
            Skip = "Open MPI and MPICH are not both installed: apt-get install openmpi-bin libopenmpi-dev mpich.";
    }
}
