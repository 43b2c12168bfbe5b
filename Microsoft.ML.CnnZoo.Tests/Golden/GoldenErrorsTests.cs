using Xunit;
using Xunit.Abstractions;

namespace Microsoft.ML.CnnZoo.Tests.Golden;

public class GoldenErrorsTests(ITestOutputHelper log)
{
    [Fact]
    public void Rows_SeveralCases_NameTheWorstErrorAndTheTightestTolerance()
    {
        var errors = new GoldenErrors();
        errors.Add(log, "logits", "small", 1e-7, 1e-6);
        errors.Add(log, "logits", "wide", 3e-6, 1e-4);
        errors.Add(log, "logits", "exact", 0, 1e-4);
        errors.Add(log, "losses", "exact", 0, 1e-4);
        Assert.Equal("| logits | 3 | 3.0e-6 | wide | 10 % | small |\n| losses | 1 | 0.0e0 | exact | 0 % | exact |\n",
            errors.Rows);
    }
}
