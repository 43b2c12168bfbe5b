using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Tests.Conformance;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Execution;

public sealed class PhiloxTests
{
    /// <summary>The known-answer tests that the generator's authors publish for Philox 4x32-10.</summary>
    [Theory]
    [InlineData(0UL, 0UL, 0UL, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x299f31d0a4093822UL, 0x85a308d3243f6a88UL, 0x0370734413198a2eUL, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Block_KnownAnswers_AreGiven(ulong key, ulong low, ulong high, uint x0, uint x1, uint x2, uint x3) =>
        Assert.Equal((x0, x1, x2, x3), Philox.Block(key, new UInt128(high, low)));

    [Fact]
    public void StatelessRandomUniformV2_AnyThreadCount_IsTheCountersSequence()
    {
        const int count = 4099;
        float[] expected = [.. Enumerable.Range(0, count).Select(i =>
        {
            (uint a, uint b, uint c, uint d) = Philox.Block(77, new UInt128(5, (ulong)(9 + (i / 4))));
            return Philox.ToUniform((i % 4) switch { 0 => a, 1 => b, 2 => c, _ => d });
        })];
        KernelCaseInput[] inputs =
        [
            new(Tensor.Of<int>(new TensorShape(1), count), InputKind.Constant),
            new(Tensor.Of<ulong>(new TensorShape(1), 77)),
            new(Tensor.Of<ulong>(new TensorShape(2), 9, 5)),
            new(Tensor.Of<int>(TensorShape.Scalar, 1), InputKind.Constant),
        ];
        foreach (int threads in (int[])[1, 2, 3])
        {
            using var workers = new WorkerPool(threads);
            float[] actual = KernelHarness.Run(KernelSet.Shared, "StatelessRandomUniformV2", inputs,
                workers: workers)!.Outputs[0].Values<float>().ToArray();
            Assert.Equal(expected, actual);
        }
        Assert.All(expected, v => Assert.InRange(v, 0f, 0.99999994f));
        Assert.InRange(expected.Average(), 0.48, 0.52);
    }
}
