using System.Diagnostics;
using System.Text.Json;

namespace Benchmarks;

/// <summary>A process of one side that stays alive over the rounds: it waits for a request, works, answers, and waits again.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process _process;

    private WorkerProcess(ProcessStartInfo start)
    {
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        _process = Process.Start(start) ?? throw new InvalidOperationException($"'{start.FileName}' could not be started.");
    }

    /// <summary>Our side: this program in its worker mode, on as many processors as there are to be threads.</summary>
    public static WorkerProcess StartOurs(int threads)
    {
        string program = Environment.ProcessPath!;
        string[] arguments = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [typeof(WorkerProcess).Assembly.Location, "worker"] : ["worker"];
        var start = new ProcessStartInfo(program, arguments);
        start.Environment["DOTNET_PROCESSOR_COUNT"] = $"{threads}";
        start.Environment["OMP_NUM_THREADS"] = $"{threads}";
        return new WorkerProcess(start);
    }

    /// <summary>PyTorch's side: peer.py. Its threads are told from the outside too, since libraries below PyTorch read the environment once.</summary>
    public static WorkerProcess StartPeer(string python, string script, int threads)
    {
        var start = new ProcessStartInfo(python, [script]);
        start.Environment["OMP_NUM_THREADS"] = $"{threads}";
        start.Environment["OPENBLAS_NUM_THREADS"] = $"{threads}";
        return new WorkerProcess(start);
    }

    /// <summary>Has one measurement made.</summary>
    public WorkAnswer Measure(WorkRequest request)
    {
        _process.StandardInput.WriteLine(JsonSerializer.Serialize(request, WorkAnswer.Json));
        _process.StandardInput.Flush();
        string? line = _process.StandardOutput.ReadLine();
        WorkAnswer? answer = line is null ? null : JsonSerializer.Deserialize<WorkAnswer>(line, WorkAnswer.Json);
        return answer ?? throw new InvalidOperationException($"The worker '{_process.StartInfo.FileName}' ended without an answer.");
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
            _process.Kill();
        _process.Dispose();
    }
}
