using System.Diagnostics;
using System.Text.Json;

namespace Benchmarks;

/// <summary>
/// A process of one side that stays alive over the rounds: it waits for a request, works, answers, and waits again.
/// </summary>
internal sealed class WorkerProcess : IDisposable
{
    private const string Runtime = "dotnet";
    private readonly Process _process;
    private readonly CancellationTokenRegistration _interruption;

    private WorkerProcess(ProcessStartInfo start, CancellationToken cancellation)
    {
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        _process = Process.Start(start)
            ?? throw new InvalidOperationException($"'{start.FileName}' could not be started.");
        _interruption = cancellation.Register(_process.Kill);
    }

    /// <summary>A verb of a build of this program, on as many processors as there are to be threads.</summary>
    /// <param name="tool">Its Benchmarks.dll.</param>
    /// <param name="verb">The verb.</param>
    /// <param name="threads">Threads.</param>
    /// <param name="cancellation">Ends the process.</param>
    public static WorkerProcess StartTool(string tool, string verb, int threads, CancellationToken cancellation)
    {
        string program = Environment.ProcessPath!;
        var start = new ProcessStartInfo(
            Path.GetFileNameWithoutExtension(program) == Runtime ? program : Runtime, [tool, verb]);
        start.Environment["DOTNET_PROCESSOR_COUNT"] = $"{threads}";
        start.Environment["OMP_NUM_THREADS"] = $"{threads}";
        return new WorkerProcess(start, cancellation);
    }

    /// <summary>
    /// peer.py. Its threads are told from the outside too, since libraries below PyTorch read the environment once.
    /// </summary>
    public static WorkerProcess StartPython(string python, string script, int threads, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(python, [script]);
        start.Environment["OMP_NUM_THREADS"] = $"{threads}";
        start.Environment["OPENBLAS_NUM_THREADS"] = $"{threads}";
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        return new WorkerProcess(start, cancellation);
    }

    /// <summary>Asks and waits for the answer; a worker that dies answers with an error.</summary>
    public WorkAnswer Ask(WorkRequest request)
    {
        try
        {
            _process.StandardInput.WriteLine(JsonSerializer.Serialize(request, BenchmarkJson.Line));
            _process.StandardInput.Flush();
            if (_process.StandardOutput.ReadLine() is { } line)
                return JsonSerializer.Deserialize<WorkAnswer>(line, BenchmarkJson.Line)!;
        }
        catch (IOException)
        {
            // The pipe is broken: the worker has ended, which is what is said below.
        }
        _process.WaitForExit();
        return new WorkAnswer
            { Error =
                $"The worker '{Path.GetFileName(_process.StartInfo.FileName)}' ended without an answer "
                + $"(exit code {_process.ExitCode})." };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _interruption.Dispose();
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // Ended already.
        }
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
            _process.Kill();
        _process.Dispose();
    }
}
