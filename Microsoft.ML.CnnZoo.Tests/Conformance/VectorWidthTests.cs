using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Runtime.Intrinsics;
using System.Text.RegularExpressions;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Tests.Conformance.RandomGeometries;
using Microsoft.ML.CnnZoo.Tests.Kernels.Elementwise;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

/// <summary>The kernels on narrower machines: random cases again in child processes whose runtime disables instruction
/// sets; each asserts its vector width.</summary>
public class VectorWidthTests
{
    private const string ExpectedLanes = "CNNZOO_TEST_LANES";
    private const string ExpectsSoftware = "CNNZOO_TEST_SOFTWARE_VECTORS";

    /// <summary>
    /// Runs in this process, and in each child with the environment that
    /// <see cref="Kernels_NarrowerVectors_AgreeInChildProcess"/> sets.
    /// </summary>
    [Fact]
    public void Kernels_AtThisProcessWidth_AgreeWithNaiveLoops()
    {
        if (Environment.GetEnvironmentVariable(ExpectedLanes) is string lanes)
            Assert.Equal(int.Parse(lanes, CultureInfo.InvariantCulture), KernelSet.VectorWidth);
        if (Environment.GetEnvironmentVariable(ExpectsSoftware) is not null)
            Assert.False(Vector128.IsHardwareAccelerated || Vector.IsHardwareAccelerated);
        foreach (string family in RandomCases.Families)
            RandomGeometryTests.CheckFamily(family, few: 25);
        NaNTests.Check();
    }

    [Theory]
    [InlineData("DOTNET_EnableAVX512", 8)]
    [InlineData("DOTNET_EnableAVX2", 4)]
    [InlineData("DOTNET_EnableHWIntrinsic", 4)]
    public async Task Kernels_NarrowerVectors_AgreeInChildProcess(string variable, int lanes)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
            { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in new[] { "vstest", typeof(VectorWidthTests).Assembly.Location,
            $"--TestCaseFilter:FullyQualifiedName~{nameof(Kernels_AtThisProcessWidth_AgreeWithNaiveLoops)}" })
            start.ArgumentList.Add(argument);
        start.Environment[variable] = "0";
        start.Environment["DOTNET_TC_QuickJitForLoops"] = "0"; // unoptimized vector code takes longer than compiling it
        start.Environment[ExpectedLanes] = Math.Min(lanes, KernelSet.VectorWidth)
            .ToString(CultureInfo.InvariantCulture);
        if (variable == "DOTNET_EnableHWIntrinsic")
            start.Environment[ExpectsSoftware] = "1";
        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        string output = await child.StandardOutput.ReadToEndAsync();
        Assert.True(child.WaitForExit(TestScope.IsFull ? TimeSpan.FromHours(2) : TimeSpan.FromMinutes(5)),
            "The child process did not end.");
        Assert.True(child.ExitCode == 0 && Regex.IsMatch(output, @"Passed:\s+1\b"), $"{output}\n{await errors}");
    }
}
