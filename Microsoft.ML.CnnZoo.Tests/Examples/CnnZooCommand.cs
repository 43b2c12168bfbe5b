using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary>One run of the command line tool as a process of its own.</summary>
internal sealed record CnnZooCommand(int ExitCode, string Output, string Errors)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    /// <summary>Runs <c>cnnzoo</c> with the arguments.</summary>
    public static CnnZooCommand Run(params string[] arguments) => Run([], arguments);

    /// <summary>Runs <c>cnnzoo</c> with the arguments and some environment variables set otherwise than here.</summary>
    public static CnnZooCommand Run(Dictionary<string, string> environment, string[] arguments)
    {
        using Process process = Start(arguments, environment);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        return Finish(process, output, arguments);
    }

    /// <summary>Runs <c>cnnzoo</c> with the arguments in a working directory.</summary>
    public static CnnZooCommand RunIn(string folder, params string[] arguments)
    {
        using Process process = Start(arguments, folder: folder);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        return Finish(process, output, arguments);
    }

    /// <summary>
    /// Runs <c>cnnzoo</c>, and sends it what Ctrl-C sends as soon as a line of its output begins with <paramref
    /// name="line"/>.
    /// </summary>
    public static CnnZooCommand Interrupt(string line, params string[] arguments) =>
        Interrupt(line, TimeSpan.Zero, arguments);

    /// <inheritdoc cref="Interrupt(string, string[])"/>
    public static CnnZooCommand Interrupt(string line, TimeSpan delay, string[] arguments)
    {
        using Process process = Start(arguments);
        var seen = new StringBuilder();
        while (process.StandardOutput.ReadLine() is { } read)
        {
            seen.AppendLine(read);
            if (read.StartsWith(line, StringComparison.Ordinal))
                break;
        }
        Thread.Sleep(delay);
        using (Process kill = Process.Start("kill", [IsInterruptIgnored ? "-TERM" : "-INT", $"{process.Id}"]))
            kill.WaitForExit();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        CnnZooCommand rest = Finish(process, output, arguments);
        return rest with { Output = seen + rest.Output };
    }

    /// <summary>
    /// Shells start background jobs with SIGINT ignored, which children inherit and .NET respects: then the other
    /// signal that the tool ends well on serves.
    /// </summary>
    private static bool IsInterruptIgnored => File.Exists("/proc/self/status") && File.ReadLines("/proc/self/status")
        .Where(l => l.StartsWith("SigIgn:", StringComparison.Ordinal))
            .Any(l => (Convert.ToUInt64(l[7..].Trim(), 16) & 2) != 0);

    private static Process Start(string[] arguments, Dictionary<string, string>? environment = null, string? folder = null)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "cnnzoo.dll"), .. arguments])
        {
            WorkingDirectory = folder ?? Environment.CurrentDirectory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment ?? [])
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    private static CnnZooCommand Finish(Process process, Task<string> output, string[] arguments)
    {
        Task<string> errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"cnnzoo {string.Join(' ', arguments)} took longer than {Limit}.");
        }
        return new CnnZooCommand(process.ExitCode, output.Result, errors.Result);
    }

    /// <summary>Standard output as JSON, after a successful run.</summary>
    public JsonElement Json()
    {
        AssertSuccess();
        return JsonDocument.Parse(Output).RootElement;
    }

    /// <summary>Exit code 0.</summary>
    public CnnZooCommand AssertSuccess()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}: {Errors}");
        return this;
    }

    /// <summary>The exit code, and one line on standard error that holds the text.</summary>
    public CnnZooCommand AssertFailure(int exitCode, string text)
    {
        Assert.Equal(exitCode, ExitCode);
        string line = Assert.Single(Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("cnnzoo: ", line, StringComparison.Ordinal);
        Assert.Contains(text, line, StringComparison.Ordinal);
        return this;
    }
}
