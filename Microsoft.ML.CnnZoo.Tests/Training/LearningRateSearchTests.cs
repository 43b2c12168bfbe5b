using Microsoft.ML.CnnZoo.Tests.MLNet;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>The range test that looks for a learning rate.</summary>
public class LearningRateSearchTests
{
    private const float Usual = 0.004f;

    [Fact]
    public void Of_LossThatFallsOnce_SuggestsTheEndOfTheFall()
    {
        // Falls by 1 around 60, slightly further until 100, and rises.
        LearningRateSearch search = Search(120, i => i <= 100 ? 2 - (1 / (1 + Math.Exp((60 - i) / 5.0))) - (0.001 * i)
            : 0.9 + (0.1 * (i - 100)));
        Assert.InRange(search.SuggestedRate, search.Rates[72], search.Rates[80]);
        Assert.Equal(search.Rates[100] / 10, search.TenthOfMinimum);
    }

    [Theory]
    [InlineData(0.9f)] // A low second minimum.
    [InlineData(3f)]
    public void Of_LossThatRisesAndFallsAgain_SuggestsThatOfTheFirstFall(float last)
    {
        LearningRateSearch search = Search(120, i => i < 50 ? 3 - (i / 50.0) : i < 70 ? 2 : i < 90 ? 4 : last);
        Assert.InRange(search.SuggestedRate, search.Rates[43], search.Rates[50]);
    }

    [Fact]
    public void Of_LossBelowZero_SuggestsTheEndOfTheFall()
    {
        LearningRateSearch search = Search(120, i => i < 50 ? -1 : i < 60 ? -1 - ((i - 50) / 10.0) : i < 90 ? -2 : 3);
        Assert.InRange(search.SuggestedRate, search.Rates[58], search.Rates[61]);
    }

    [Fact]
    public void Of_LossThatFallsAtHugeRates_SuggestsTenTimesTheUsualRate() =>
        Assert.Equal(10 * Usual, Search(150, i => 3 - (i / 100.0)).SuggestedRate);

    [Fact]
    public void Of_LossThatHardlyFalls_SuggestsTheUsualRate()
    {
        Assert.Equal(Usual, Search(120, i => 2.3 - (0.01 * (i % 3)) + Math.Max(0, i - 90)).SuggestedRate);
        Assert.Equal(Usual, Search(120, i => i + 1).SuggestedRate);
        Assert.Equal(Usual, Search(3, i => i + 1).SuggestedRate);
    }

    [Fact]
    public void FindLearningRate_Digits_TrainsWithItAndLeavesNothingBehind()
    {
        var mlContext = new MLContext(1);
        IDataView digits = mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 200));
        IDataView keyed = mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(digits).Transform(digits);
        CnnClassificationTrainer Trainer(bool finds)
        {
            CnnClassificationTrainer.Options options = DigitRows.Options(3);
            (options.Seed, options.LearningRate, options.FindLearningRate) = (5, null, finds);
            return mlContext.MulticlassClassification.Trainers.CnnClassification(options);
        }
        CnnClassificationTrainer trainer = Trainer(finds: false);
        using CnnClassificationTransformer before = trainer.Fit(keyed);
        LearningRateSearch search = trainer.FindLearningRate(keyed);
        using CnnClassificationTransformer after = trainer.Fit(keyed), found = Trainer(finds: true).Fit(keyed);
        Assert.Equal(DigitRows.Scores(before.Transform(keyed)), DigitRows.Scores(after.Transform(keyed)));
        Assert.Equal(1e-7f, search.Rates[0], 1e-12f);
        Assert.Equal(search.Rates.Count, search.Losses.Count);
        Assert.InRange(search.SuggestedRate, 1e-4f, 1);
        Assert.IsType<MomentumOptimizer>(search.Optimizer);
        Assert.True(search.Losses.Min() < 0.8 * search.Losses[0]);
        Assert.InRange(found.Training!.History.Max(e => e.LearningRate), 0.01f * search.SuggestedRate,
            search.SuggestedRate);
        Assert.NotEqual(DigitRows.Scores(before.Transform(keyed)), DigitRows.Scores(found.Transform(keyed)));
    }

    private static LearningRateSearch Search(int steps, Func<int, double> loss) =>
        LearningRateSearch.Of([.. Enumerable.Range(0, steps).Select(i => (float)(1e-7 * Math.Pow(1e8, i / 149.0)))],
            [.. Enumerable.Range(0, steps).Select(loss)], Optimizer.GradientDescent, Usual);
}
