using System.Diagnostics;
using Microsoft.ML.CnnZoo.Tests.Distributed;
using Microsoft.ML.CnnZoo.Tests.Documentation;
using Microsoft.ML.CnnZoo.Tests.Examples;
using Microsoft.ML.CnnZoo.Tests.MLNet;
using Microsoft.ML.CnnZoo.Tests.Runs;
using Microsoft.ML.CnnZoo.Tests.Training.Checkpoints;

namespace Microsoft.ML.CnnZoo.Tests;

/// <summary>Starts this assembly again as a fresh process: what it does there is chosen by its first argument.</summary>
internal static class ChildProcess
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    /// <summary>The entry point. Test runners do not call it.</summary>
    public static int Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["score", string model, string digits, string output]:
                FreshProcessTests.Score(model, int.Parse(digits), output);
                return 0;
            case ["scoretext", string model, string text, string output]:
                FreshProcessTests.ScoreText(model, text, output);
                return 0;
            case ["load", string model]:
                FreshProcessTests.Load(model);
                return 0;
            case ["train", string folder, string threads]:
                KilledTrainingTests.Train(folder, int.Parse(threads));
                return 0;
            case ["hold", string folder]:
                FolderLockTests.Hold(folder);
                return 0;
            case ["webload"]:
                return ServedDigits.Load().GetAwaiter().GetResult();
            case ["rank", string folder, .. string[] settings]:
                return RankProgram.Run(folder, settings);
            case ["run", string program]:
                ExampleProgram.Run(program);
                return 0;
            default:
                Console.Error.WriteLine("This assembly holds tests: use dotnet test.");
                return 2;
        }
    }

    /// <summary>Runs the assembly with some arguments and gives what it wrote.</summary>
    public static (int ExitCode, string Output) Run(params string[] arguments) => RunIn(Environment.CurrentDirectory, arguments);

    /// <summary>Starts the assembly with some arguments; what it writes is to be read.</summary>
    public static Process Start(string folder, params string[] arguments)
    {
        bool isHost = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet";
        var start = new ProcessStartInfo(isHost ? Environment.ProcessPath! : "dotnet")
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(typeof(ChildProcess).Assembly.Location);
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    /// <summary>The same in another working directory.</summary>
    public static (int ExitCode, string Output) RunIn(string folder, params string[] arguments)
    {
        using Process process = Start(folder, arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"The child process took more than {Limit}.");
        }
        return (process.ExitCode, output.Result + error.Result);
    }
}
