using System.CommandLine;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Benchmarks;

// The command line is BenchmarkDotNet's from here on. In-process: its own projects would not find this repository's build settings.
if (args is ["kernels", .. var kernelArguments])
{
    IConfig config = DefaultConfig.Instance.AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance))
        .AddColumn(KernelRateColumn.Gigaflops, KernelRateColumn.Gigabytes);
    BenchmarkSwitcher.FromTypes([typeof(KernelBenchmarks)]).Run(kernelArguments, config);
    return 0;
}
var root = new RootCommand("Times networks beside PyTorch, single kernels, and measures accuracy on MNIST.") { NetworksCommand.Create(), TableCommand.Create(), MnistCommand.Create(), WorkerCommand.Create() };
return root.Parse(args).Invoke();
