using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Tests.Conformance;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Kernels.Normalization;

/// <summary>The gradient of a batch norm whose statistics are constants: dx = dy·scale/√(variance + epsilon).</summary>
public sealed class BatchNormGradientTests
{
    /// <summary>x and the mean reach the scale's gradient alone.</summary>
    [Theory]
    [InlineData(1, float.NaN)]
    [InlineData(1, float.NegativeInfinity)]
    [InlineData(3, float.NaN)]
    [InlineData(3, float.PositiveInfinity)]
    public void Run_InferenceWithNaNInXOrMean_LeavesDxFinite(int input, float value)
    {
        const int Channels = 25;
        var values = new CaseValues(input);
        KernelCaseInput Uniform(params int[] shape) => new(values.Uniform(new(shape), 0.5, 2));
        KernelCaseInput[] inputs = [Uniform(1, 6, 19, Channels), Uniform(1, 6, 19, Channels), Uniform(Channels),
            Uniform(Channels), Uniform(Channels), Uniform()];
        inputs[input].Value.Values<float>()[3] = value;
        Tensor[] outputs = KernelHarness.Run(KernelSet.Shared, "FusedBatchNormGradV3", inputs,
            [new("is_training", AttributeValue.Of(false))])!.Outputs;
        Assert.All(outputs[0].Values<float>().ToArray(), v => Assert.True(float.IsFinite(v)));
        Assert.Equal([3], Enumerable.Range(0, Channels).Where(i => !float.IsFinite(outputs[1].Values<float>()[i])));
        Assert.All(outputs[2].Values<float>().ToArray(), v => Assert.True(float.IsFinite(v)));
    }
}
