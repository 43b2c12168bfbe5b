using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

public class VBufferTests
{
    private static VBuffer<float> Sparse => new(6, 2, [10, 40], [1, 4]);

    [Fact]
    public void Sparse_Items_AreFoundByIndex()
    {
        VBuffer<float> vector = Sparse;
        Assert.False(vector.IsDense);
        Assert.Equal([0f, 10, 0, 0, 40, 0], vector.DenseValues());
        Assert.Equal([1, 4], vector.Items().Select(i => i.Key));
        Assert.Equal(6, vector.Items(all: true).Count());
        Assert.Equal((0f, 40f), (vector.GetItemOrDefault(3), vector.GetItemOrDefault(4)));
        Assert.Throws<ArgumentOutOfRangeException>(() => vector.GetItemOrDefault(6));
        Assert.Equal("Sparse vector of size 6, 2 explicit values", vector.ToString());
    }

    [Theory]
    [InlineData(0, 6)]
    [InlineData(1, 4)]
    [InlineData(2, 2)]
    [InlineData(4, 2)]
    public void CopyTo_Part_EqualsThePartOfTheDenseValues(int start, int length)
    {
        VBuffer<float> part = default;
        Sparse.CopyTo(ref part, start, length);
        Assert.Equal(Sparse.DenseValues().Skip(start).Take(length), part.DenseValues());
    }

    [Fact]
    public void CopyTo_Span_FillsDefaults()
    {
        var target = new float[8];
        Sparse.CopyTo(target, 1, -1);
        Assert.Equal([0f, -1, 10, -1, -1, 40, -1, 0], target);
        Assert.Throws<ArgumentOutOfRangeException>(() => Sparse.CopyTo(new float[5]));
    }

    [Fact]
    public void Editor_EnoughRoom_ReusesTheArray()
    {
        VBuffer<float> vector = new(4, [1, 2, 3, 4]);
        VBufferEditor<float> editor = VBufferEditor.Create(ref vector, 3);
        Assert.False(editor.CreatedNewValues);
        editor.Values[0] = 9;
        vector = editor.Commit();
        Assert.Equal([9f, 2, 3], vector.DenseValues());
        editor = VBufferEditor.Create(ref vector, 10, 2);
        Assert.True(editor.CreatedNewIndices);
        editor.Indices[0] = 3;
        editor.Values[0] = 7;
        Assert.Equal([0f, 0, 0, 7, 0, 0, 0, 0, 0, 0], editor.CommitTruncated(1).DenseValues());
    }

    [Fact]
    public void CopyToDense_Sparse_IsDense()
    {
        VBuffer<float> dense = default;
        Sparse.CopyToDense(ref dense);
        Assert.True(dense.IsDense);
        Assert.Equal(Sparse.DenseValues(), dense.DenseValues());
    }

    [Fact]
    public void Constructor_ArraysTooSmall_AreRefused()
    {
        Assert.Throws<ArgumentException>(() => new VBuffer<float>(3, [1, 2]));
        Assert.Throws<ArgumentException>(() => new VBuffer<float>(3, 2, [1, 2], [1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new VBuffer<float>(3, 4, [1, 2, 3, 4], []));
    }
}
