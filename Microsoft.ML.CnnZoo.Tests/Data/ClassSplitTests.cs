using Microsoft.ML.CnnZoo.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Data;

/// <summary>Images held out class by class.</summary>
public class ClassSplitTests
{
    private static readonly int[] Labels = [.. Enumerable.Range(0, 1000).Select(i => i % 20 == 0 ? 1 : i % 3 == 0 ? 2 : 0)];

    [Fact]
    public void Split_EachClass_HasTheShare()
    {
        (int[] kept, int[] held) = ClassSplit.Split(Labels, 0.1, seed: 3);
        Assert.Equal(100, held.Length);
        Assert.Equal(Enumerable.Range(0, 1000), kept.Concat(held).Order());
        foreach ((int label, int count) in Labels.CountBy(label => label))
            Assert.InRange(held.Count(i => Labels[i] == label), count * 0.1 - 1, count * 0.1 + 1);
    }

    [Fact]
    public void Split_SameSeed_IsTheSame_AnotherIsNot()
    {
        Assert.Equal(ClassSplit.Split(Labels, 0.2, 3).HeldOut, ClassSplit.Split(Labels, 0.2, 3).HeldOut);
        Assert.NotEqual(ClassSplit.Split(Labels, 0.2, 3).HeldOut, ClassSplit.Split(Labels, 0.2, 4).HeldOut);
    }

    [Fact]
    public void Split_OnlyImageOfAClass_IsTrainedOn()
    {
        Assert.Empty(ClassSplit.Split([0, 1, 2], 0.5, 1).HeldOut);
        (int[] kept, int[] held) = ClassSplit.Split([0, 0, 0, 0, 1], 0.5, 1);
        Assert.Contains(4, kept);
        Assert.Equal(2, held.Length);
    }

    [Fact]
    public void Split_TwentyOfEach_MeetsTheWholeShare() // 2 of each
    {
        int[] labels = [.. Enumerable.Range(0, 120).Select(i => i / 20)];
        (_, int[] held) = ClassSplit.Split(labels, 0.1, 1);
        Assert.All(held.CountBy(i => labels[i]), c => Assert.Equal(2, c.Value));
        Assert.Equal(12, held.Length);
    }
}
