using Microsoft.ML.CnnZoo.Execution.Planning;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Execution.Planning;

public sealed class ArenaLayoutTests
{
    [Fact]
    public void Assign_Chain_ReusesDeadMemory()
    {
        // a chain of ten equal tensors, each alive for two steps: two slots suffice
        Storage[] chain = [.. Enumerable.Range(0, 10).Select(i => Make(1024, i, i + 1))];
        Assert.Equal(2048, ArenaLayout.Assign(chain));
        AssertDisjoint(chain);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Assign_RandomLifetimes_NeverOverlapAndAreAligned(int seed)
    {
        var random = new Random(seed);
        Storage[] storages = [.. Enumerable.Range(0, 200).Select(_ =>
        {
            int first = random.Next(100);
            return Make(random.Next(1, 5000), first, first + random.Next(10));
        })];
        long size = ArenaLayout.Assign(storages);
        AssertDisjoint(storages);
        Assert.All(storages, s => Assert.Equal(0, s.Offset % 64));
        Assert.All(storages, s => Assert.True(s.Offset + s.ByteLength <= size));
        long alive = Enumerable.Range(0, 110).Max(step =>
            storages.Where(s => s.First <= step && s.Last >= step).Sum(s => (s.ByteLength + 63) / 64 * 64));
        Assert.InRange(size, alive, alive * 3 / 2); // greedy by size is near the lower bound
    }

    private static Storage Make(long bytes, int first, int last) =>
        new(StorageKind.Arena, bytes) { First = first, Last = last };

    private static void AssertDisjoint(Storage[] storages)
    {
        for (int i = 0; i < storages.Length; i++)
            for (int j = 0; j < i; j++)
            {
                (Storage a, Storage b) = (storages[i], storages[j]);
                bool together = a.First <= b.Last && b.First <= a.Last;
                bool overlap = a.Offset < b.Offset + b.ByteLength && b.Offset < a.Offset + a.ByteLength;
                Assert.False(together && overlap, $"storages {j} and {i} overlap");
            }
    }
}
