using System.CommandLine;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Benchmarks;
using Perfolizer.Horology;

const int IterationMilliseconds = 200, Warmups = 2, Iterations = 7;

// The command line is BenchmarkDotNet's from here on. In-process: its own projects would not find this repository's
// build settings.
if (args is ["kernels", .. var kernelArguments])
{
    if (kernelArguments is ["--case", var name, .. var others])
        (KernelBenchmarks.Chosen, kernelArguments) = (name, others);
    Job job = Job.Default.WithToolchain(InProcessEmitToolchain.Instance)
        .WithIterationTime(TimeInterval.FromMilliseconds(IterationMilliseconds)).WithWarmupCount(Warmups)
            .WithIterationCount(Iterations);
    IConfig config = DefaultConfig.Instance.AddJob(job.AsDefault())
        .AddColumn(KernelRateColumn.Gigaflops, KernelRateColumn.Gigabytes);
    BenchmarkRunner.Run<KernelBenchmarks>(config, kernelArguments);
    return 0;
}
var root = new RootCommand("Times networks beside their peers, single kernels, and measures accuracy on sets of images.")
{
    NetworksCommand.Create(), TableCommand.Create(), MnistCommand.Create(), DefaultsCommand.Create(),
    InputPipelineCommand.Create(), LatencyCommand.Create(), RanksCommand.Create(), ScalingCommand.Create(), ThreadsCommand.Create(),
    WorkerCommand.Ours(), WorkerCommand.OnnxRuntime(),
};
return root.Parse(args).Invoke();
