using Xunit;
using Xunit.Abstractions;

namespace Microsoft.ML.CnnZoo.Tests.Conformance.RandomGeometries;

/// <summary>
/// Every family of kernels on random geometries against the naive loops: a short sample, or with CNNZOO_FULL=1 all of
/// 20,000. A failure's message begins with the expression whose <c>Check()</c> repeats the case.
/// </summary>
public class RandomGeometryTests(ITestOutputHelper output)
{
    private const int All = 20_000, Few = 150;

    /// <summary>Failures of one family that are reported together.</summary>
    private const int MostFailures = 10;

    public static TheoryData<string> Families => [.. RandomCases.Families];

    [Theory]
    [MemberData(nameof(Families))]
    public void Run_RandomGeometries_AgreesWithNaiveLoops(string family) =>
        output.WriteLine(CheckFamily(family, TestScope.IsFull ? All : Few));

    /// <summary>The naive loops, the bounds and the guards find a wrong kernel.</summary>
    [Fact]
    public void Get_SameIndex_GivesTheSameCase() =>
        Assert.Equal(RandomCases.Get("Conv2D", 7).ToString(), RandomCases.Get("Conv2D", 7).ToString());

    /// <summary>Checks the first cases of a family.</summary>
    /// <returns>How large errors were.</returns>
    internal static string CheckFamily(string family, int count)
    {
        var failures = new List<string>();
        double worst = 0;
        int worstIndex = 0;
        for (int i = 0; i < count && failures.Count < MostFailures; i++)
            try
            {
                double error = RandomCases.Get(family, i).Check();
                (worst, worstIndex) = error > worst ? (error, i) : (worst, worstIndex);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                failures.Add(e is Xunit.Sdk.XunitException ? e.Message : $"{RandomCases.Get(family, i)}: {e}");
            }
        Assert.True(failures.Count == 0, string.Join('\n', failures));
        return $"{family}: {count} cases, largest error {worst:p0} of its bound, at index {worstIndex}";
    }
}
