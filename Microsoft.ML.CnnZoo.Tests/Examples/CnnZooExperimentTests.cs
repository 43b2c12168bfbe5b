using System.Diagnostics;
using System.Net;
using System.Text.Json;
using CnnZoo.Cli;
using Microsoft.ML.CnnZoo.Tests.Architecture;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary><c>cnnzoo experiment</c>, and the project that it writes: built against the library as a package, and run.</summary>
public sealed class CnnZooExperimentTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private static readonly string Packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    /// <summary>A version of its own, so that no copy of an earlier run is taken from the cache of packages.</summary>
    private readonly string _version = $"0.0.0-test.{Environment.ProcessId}.{DateTime.UtcNow.Ticks}";
    private readonly BarImages _images = new(each: 20);

    public void Dispose()
    {
        _images.Dispose();
        string cached = Path.Combine(Packages, "microsoft.ml.cnnzoo", _version);
        if (Directory.Exists(cached))
            Directory.Delete(cached, recursive: true);
    }

    [Fact]
    public async Task Experiment_Folder_WritesModelLeaderboardAndAProgramThatWorks()
    {
        string output = _images.At("found");
        CnnZooCommand run = Experiment("--candidates", "lenet5_relu,lenet1", "--epochs", "30", "--time", "2h").AssertSuccess();
        Assert.Contains("rung 2/2", run.Output, StringComparison.Ordinal);
        string[] lines = File.ReadAllLines(Path.Combine(output, "leaderboard.csv"));
        Assert.Equal(3, lines.Length);
        Assert.StartsWith("1,\"", lines[1], StringComparison.Ordinal);
        CnnZooCommand.Run("evaluate", "--model", Path.Combine(output, "model.zip"), "--data", _images.Folder).AssertSuccess();

        CnnZooCommand again = Experiment("--candidates", "lenet5_relu,lenet1", "--epochs", "30", "--time", "2h",
            "--resume").AssertSuccess();
        Assert.Equal(lines, File.ReadAllLines(Path.Combine(output, "leaderboard.csv")));
        Assert.True(File.Exists(Path.Combine(output, "Consume", "Consume.csproj")), again.Output);

        string program = Build(Path.Combine(output, "Consume"));
        string lying = _images.Image("lying", 3), standing = _images.Image("standing", 4);
        Assert.Equal([$"{lying}: lying", $"{standing}: standing"], Run("dotnet", program, lying, standing).Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l[..l.LastIndexOf(' ')]));
        (int exitCode, string errors) = Run("dotnet", program, Path.Combine(output, "leaderboard.csv"), "missing.png");
        Assert.Equal(1, exitCode);
        Assert.Contains("cannot be read", errors, StringComparison.Ordinal);
        Assert.Contains("no such file", errors, StringComparison.Ordinal);
        await AssertServes(program, lying);
    }

    /// <summary>The run's folder is called like the network, which stays the name of the network.</summary>
    [Fact]
    public void Experiment_WeightsAugmentationsAndRates_AreTried()
    {
        string folder = _images.At("work");
        Directory.CreateDirectory(folder);
        CnnZooCommand.RunIn(folder, "train", "--data", _images.Folder, "--arch", "lenet1", "--run", "lenet1", "--epochs", "2")
            .AssertSuccess();
        CnnZooCommand run = CnnZooCommand.RunIn(folder, "experiment", "--data", _images.Folder, "--out", "found", "--epochs", "2",
            "--candidates", "lenet1,lenet1=lenet1/weights/best.safetensors", "--augment", "none,digits", "--lr", "0.01").AssertSuccess();
        string[] lines = File.ReadAllLines(Path.Combine(folder, "found", "leaderboard.csv"));
        Assert.Equal(5, lines.Length);
        Assert.Equal(2, lines.Count(l => l.Contains("weights best.safetensors, rate 0.01", StringComparison.Ordinal)));
        Assert.Equal(2, lines.Count(l => l.Contains("augmentation none", StringComparison.Ordinal)));
    }

    [Fact]
    public void Experiment_WrongArguments_SayWhatIsExpected()
    {
        Experiment("--time", "soon").AssertFailure(2, "--time needs a number with s, m or h");
        Experiment("--candidates", "lenet5,resnet19").AssertFailure(2, "--candidates cannot use 'resnet19'");
        Experiment("--candidates", "lenet5=").AssertFailure(2, "--candidates needs a file of weights after 'lenet5='");
        Experiment("--candidates", "lenet5=none.pth").AssertFailure(1, "'none.pth' of weights does not exist");
        Experiment("--augment", "auto,digit").AssertFailure(2, "did you mean digits?");
        Experiment("--augment", "").AssertFailure(2, "--augment needs NAME,NAME, not an empty text");
        Experiment("--lr", "0.1,0").AssertFailure(2, "--lr needs numbers greater than 0, 1000 at most, not '0'");
        Experiment("--project", "a/b").AssertFailure(2, "--project needs a name");
    }

    [Theory]
    [InlineData("Digits.Web_2", true)]
    [InlineData("2digits", false)]
    [InlineData("..", false)]
    [InlineData("a b", false)]
    public void IsName_Text_IsTrueForProjectNames(string text, bool expected) =>
        Assert.Equal(expected, ConsumptionProject.IsName(text));

    private CnnZooCommand Experiment(params string[] more) => CnnZooCommand.Run(
        ["experiment", "--data", _images.Folder, "--out", _images.At("found"), .. more]);

    /// <summary>Packs the library as it was built with this test, and builds the project with it; gives the program's path.</summary>
    private string Build(string project)
    {
        string configuration = AppContext.BaseDirectory.Contains("Release", StringComparison.Ordinal) ? "Release" : "Debug";
        string feed = _images.At("packages");
        AssertRuns("pack", RepositoryFolder.Library, "-c", configuration, "--no-build", "--nologo",
            $"-p:PackageVersion={_version}", "-o", feed);
        string file = Path.Combine(project, "Consume.csproj"), text = File.ReadAllText(file);
        Assert.Contains($"Version=\"{ConsumptionProject.ToolVersion}\"", text, StringComparison.Ordinal);
        File.WriteAllText(file, text.Replace($"\"{ConsumptionProject.ToolVersion}\"", $"\"{_version}\"", StringComparison.Ordinal));
        AssertRuns("build", project, "--nologo", "--source", feed, "--source", Packages, "-warnaserror",
            "-p:NuGetAudit=false", "-o", _images.At("program"));
        return Path.Combine(_images.At("program"), "Consume.dll");
    }

    private static async Task AssertServes(string program, string image)
    {
        using Process service = Start("dotnet", program, "--web", "--urls", "http://127.0.0.1:0");
        try
        {
            const string Mark = "Now listening on: ";
            string? address = null;
            while (address is null && await service.StandardOutput.ReadLineAsync() is { } line)
                if (line.IndexOf(Mark, StringComparison.Ordinal) is >= 0 and var at)
                    address = line[(at + Mark.Length)..].Trim();
            Assert.NotNull(address);
            using var client = new HttpClient { BaseAddress = new Uri(address) };
            using var good = new ByteArrayContent(await File.ReadAllBytesAsync(image));
            using HttpResponseMessage answer = await client.PostAsync(new Uri("/classify", UriKind.Relative), good);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            JsonElement classes = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
            Assert.Equal("lying", classes[0].GetProperty("label").GetString());
            Assert.True(classes[0].GetProperty("probability").GetSingle() > classes[1].GetProperty("probability").GetSingle());
            using var bad = new ByteArrayContent([1, 2, 3]);
            using HttpResponseMessage refusal = await client.PostAsync(new Uri("/classify", UriKind.Relative), bad);
            Assert.Equal(HttpStatusCode.BadRequest, refusal.StatusCode);
            Assert.Equal("application/problem+json", refusal.Content.Headers.ContentType!.MediaType);
        }
        finally
        {
            service.Kill(entireProcessTree: true);
        }
    }

    private static void AssertRuns(params string[] arguments)
    {
        (int exitCode, string output) = Run("dotnet", arguments);
        Assert.True(exitCode == 0, output);
    }

    private static (int ExitCode, string Output) Run(string command, params string[] arguments)
    {
        using Process process = Start(command, arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{command} {string.Join(' ', arguments)} took longer than {Limit}.");
        }
        return (process.ExitCode, output.Result + errors.Result);
    }

    private static Process Start(string command, params string[] arguments) => Process.Start(new ProcessStartInfo(command, arguments)
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        Environment = { ["MSBUILDDISABLENODEREUSE"] = "1" },
    })!;
}
