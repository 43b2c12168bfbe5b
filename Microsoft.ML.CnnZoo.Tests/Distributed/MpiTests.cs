using System.Diagnostics;
using Microsoft.ML.CnnZoo.Distributed;
using Microsoft.ML.CnnZoo.Training.Checkpoints;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Distributed;

/// <summary>Ranks that are processes, started by the launchers of Open MPI and MPICH.</summary>
public sealed class MpiTests : IDisposable
{
    private const string Program = "Microsoft.ML.CnnZoo.Tests.dll";
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(30);
    private readonly string _folder = Directory.CreateTempSubdirectory("ranks").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [MpiTheory]
    [InlineData("Open MPI", 2, "")]
    [InlineData("Open MPI", 4, "bfloat16")]
    [InlineData("MPICH", 2, "bfloat16")]
    [InlineData("MPICH", 4, "")]
    public void Fit_RanksOfMpi_GiveTheBitsOfRanksThatAreThreads(string mpi, int ranks, string setting)
    {
        (int code, string output, string errors) = MpiLauncher.Of(mpi).Run(ranks, Program, "rank", _folder, setting);
        Assert.True(code == 0, output + errors);
        Assert.Contains(mpi, output, StringComparison.Ordinal);
        byte[][] expected = ThreadRun.On(ranks, group => RankProgram.Fit(RankProgram.Options(
            DistributedTraining.Of(group) with { SendsBFloat16 = setting.Length > 0 })));
        for (int rank = 0; rank < ranks; rank++)
            Assert.Equal(expected[0], File.ReadAllBytes(Path.Combine(_folder, $"weights-{rank}")));
    }

    [MpiTheory]
    [InlineData("Open MPI", "seeds", "Rank 1 of 2 differs from rank 0 in Options.Seed: 6 here, 5 there")]
    [InlineData("MPICH", "network", "Rank 1 of 2 differs from rank 0 in Options.Architecture: \"lenet5_tanh\" here")]
    [InlineData("Open MPI", "data", "Rank 1 of 2 differs from rank 0 in the training data: 199 rows")]
    [InlineData("Open MPI", "callback", "no room for step 1")]
    [InlineData("MPICH", "callback", "no room for step 1")]
    [InlineData("Open MPI", "leaves", "this rank's own program failed")]
    [InlineData("MPICH", "leaves", "this rank's own program failed")]
    public void Fit_OneRankFails_AllEndSoonAndSayWhy(string mpi, string setting, string message)
    {
        var watch = Stopwatch.StartNew();
        (int code, string output, string errors) = MpiLauncher.Of(mpi).Run(2, Program, "rank", _folder, setting);
        Assert.NotEqual(0, code);
        Assert.Contains(message, errors, StringComparison.Ordinal);
        Assert.True(watch.Elapsed < s_soon, $"It took {watch.Elapsed}. {output}{errors}");
        int failed = setting == "callback" ? 0 : 1;
        // The other rank names the one that failed.
        Assert.Contains($"[{1 - failed}] Rank {failed} of 2 failed: ", errors, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder, "weights-*"));
    }

    [MpiTheory]
    [InlineData("Open MPI", 7)]
    [InlineData("MPICH", 3)]
    public void Fit_OneRankKilledAtAnyMoment_AllEndAndTheCheckpointsServeOtherNumbers(string mpi, int kills)
    {
        var random = new Random(kills);
        string checkpoints = Path.Combine(_folder, "checkpoints");
        for (int kill = 0; kill < kills; kill++)
        {
            int ranks = 2 + (kill % 2);
            Kill(MpiLauncher.Of(mpi), ranks, killed: kill % ranks, step: kill == 0 ? 0 : random.Next(1, 5), random.Next(0, 20));
            foreach (string file in Directory.Exists(checkpoints) ? Directory.GetFiles(checkpoints, "*.safetensors") : [])
                CheckpointFile.Open(file).Dispose();
        }
        Assert.NotEmpty(Directory.GetFiles(checkpoints, "*.safetensors"));
        Assert.True(RankProgram.StepsOfOneProcess(_folder) > 0, "One process must go on with what the ranks have done.");
    }

    /// <summary>Starts ranks and kills one of them after some steps.</summary>
    private void Kill(MpiLauncher mpi, int ranks, int killed, int step, int milliseconds)
    {
        using Process process = mpi.Start(ranks, Program, "rank", _folder, "long");
        int id = 0, steps = 0;
        while (id == 0 || steps < step)
        {
            string line = process.StandardOutput.ReadLine()
                ?? throw new InvalidOperationException(process.StandardError.ReadToEnd());
            // Open MPI gives ranks a terminal, to which .NET writes more than lines.
            if (line.Contains($"rank {killed} is ", StringComparison.Ordinal))
                id = int.Parse(line.Split(' ')[^1]);
            steps += line.Contains("step", StringComparison.Ordinal) ? 1 : 0;
        }
        Thread.Sleep(milliseconds);
        using (Process victim = Process.GetProcessById(id))
            victim.Kill();
        var watch = Stopwatch.StartNew();
        (int code, _, string errors) = MpiLauncher.Finish(process);
        Assert.NotEqual(0, code);
        Assert.True(watch.Elapsed < s_soon, $"It took {watch.Elapsed}. {errors}");
    }
}
