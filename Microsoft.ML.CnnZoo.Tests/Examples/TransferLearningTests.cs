using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary>The example TransferLearning, on two pictures of each class.</summary>
public sealed class TransferLearningTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cnnzoo-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Run_Quick_PrintsARowForEachWay()
    {
        (int exitCode, string output) = Run("--quick");
        Assert.True(exitCode == 0, output);
        string[] table = [.. output.Split('\n').SkipWhile(l => !l.StartsWith("ResNet-18", StringComparison.Ordinal))];
        Assert.Equal(["head only, features frozen", "then all layers, fine-tuned", "all layers, from scratch"],
            table[1..4].Select(l => l[..28].TrimEnd()));
        Assert.All(table[1..4], l => Assert.InRange(double.Parse(l[35..50].Trim().TrimEnd('%', ' '),
            CultureInfo.InvariantCulture), 0, 100));
        Assert.Equal(12, Directory.GetFiles(Path.Combine(_folder.FullName, "pictures-quick", "train"), "*.png",
            SearchOption.AllDirectories).Length);
    }

    [Fact]
    public void Run_UnknownArgument_SaysHowItIsUsed()
    {
        (int exitCode, string output) = Run("--fast");
        Assert.Equal(2, exitCode);
        Assert.Contains("examples/TransferLearning [-- --quick]", output, StringComparison.Ordinal);
    }

    private (int ExitCode, string Output) Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet",
            [Path.Combine(AppContext.BaseDirectory, "TransferLearning.dll"), .. arguments])
        {
            WorkingDirectory = _folder.FullName, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"The example took longer than {Limit}.");
        }
        return (process.ExitCode, output.Result + error.Result);
    }
}
