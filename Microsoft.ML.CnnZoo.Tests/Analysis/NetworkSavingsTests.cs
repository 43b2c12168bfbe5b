using Microsoft.ML.CnnZoo.Analysis;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Analysis;

/// <summary>What bottlenecks and stacked convolutions save, against the papers' arithmetic.</summary>
public class NetworkSavingsTests
{
    [Fact]
    public void InceptionModules_FirstModule_IsCountedAsFigure2()
    {
        PartSaving first = NetworkSavings.InceptionModules()[0];
        Assert.Equal("inception_3a", first.Part);
        Assert.Equal(28L * 28 * 192 * (64 + (9 * 128) + (25 * 32)), first.Costly.MultiplyAdds);
        Assert.Equal(28L * 28 * ((192 * (64 + 96 + 16 + 32)) + (9 * 96 * 128) + (25 * 16 * 32)),
            first.Lean.MultiplyAdds);
        Assert.Equal((192L * (64 + (9 * 128) + (25 * 32))) + 64 + 128 + 32, first.Costly.Parameters);
        Assert.Equal(163_696, first.Lean.Parameters);
        Assert.Equal(1 - (128_049_152.0 / 303_464_448), first.MultiplyAddsSaved, 1e-12);
    }

    [Fact]
    public void InceptionModules_All_AreNineAndTheirSum()
    {
        IReadOnlyList<PartSaving> parts = NetworkSavings.InceptionModules();
        Assert.Equal(10, parts.Count);
        Assert.All(parts, p => Assert.True(p.ParametersSaved > 0.5 && p.MultiplyAddsSaved > 0.5
            && p.Costly.ReceptiveField == p.Lean.ReceptiveField, $"{p}"));
        Assert.Equal(parts[^1].Lean.Parameters, parts.SkipLast(1).Sum(p => p.Lean.Parameters));
        Assert.Equal(parts[^1].Costly.MultiplyAdds, parts.SkipLast(1).Sum(p => p.Costly.MultiplyAdds));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(64, 28)]
    [InlineData(256, 56)]
    public void StackedConvolutions_SameReceptiveField_Save7Of25And22Of49(int channels, int size)
    {
        IReadOnlyList<PartSaving> parts = NetworkSavings.StackedConvolutions(channels, size);
        Assert.Equal([(5, 5), (7, 7)], parts.Select(p => (p.Costly.ReceptiveField, p.Lean.ReceptiveField)));
        long squared = (long)channels * channels;
        Assert.Equal([(25 * squared, 18 * squared), (49 * squared, 27 * squared)],
            parts.Select(p => (p.Costly.Parameters, p.Lean.Parameters)));
        Assert.Equal(27 * squared * size * size, parts[1].Lean.MultiplyAdds);
        Assert.Equal([7.0 / 25, 22.0 / 49], parts.Select(p => Math.Round(p.MultiplyAddsSaved, 15)), (a, b) =>
            Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void StackedConvolutions_NoChannels_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => NetworkSavings.StackedConvolutions(channels: 0));
}
