using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

public class SchemaTests
{
    [Fact]
    public void Schema_TwoColumnsOfOneName_LastWinsAndFirstIsHidden()
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("S", TextDataViewType.Instance);
        builder.AddColumn("S", NumberDataViewType.Int32);
        DataViewSchema schema = builder.ToSchema();
        Assert.Equal([true, false], schema.Select(c => c.IsHidden));
        Assert.Equal(1, schema["S"].Index);
        Assert.Null(schema.GetColumnOrNull("T"));
        Assert.Throws<ArgumentOutOfRangeException>(() => schema["T"]);
        Assert.Throws<ArgumentOutOfRangeException>(() => schema[2]);
    }

    [Theory]
    [InlineData(3ul, "Key<UInt32, 0-2>")]
    [InlineData(1ul, "Key<UInt32, 0-0>")]
    public void KeyType_Text_ShowsZeroBasedRange(ulong count, string text) => Assert.Equal(text, new KeyDataViewType(typeof(uint), count).ToString());

    [Fact]
    public void KeyType_BadTypeOrCount_IsRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new KeyDataViewType(typeof(int), 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => new KeyDataViewType(typeof(uint), 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new KeyDataViewType(typeof(byte), 256));
        Assert.Throws<ArgumentOutOfRangeException>(() => new KeyDataViewType(typeof(uint), -1));
    }

    [Fact]
    public void VectorType_Dimensions_GiveSizeTextAndEquality()
    {
        var image = new VectorDataViewType(NumberDataViewType.Single, 3, 28, 28);
        Assert.Equal(("Vector<Single, 3, 28, 28>", 3 * 28 * 28, true), (image.ToString(), image.Size, image.IsKnownSize));
        var unknown = new VectorDataViewType(NumberDataViewType.Byte);
        Assert.Equal(("Vector<Byte>", 0, false), (unknown.ToString(), unknown.Size, unknown.IsKnownSize));
        Assert.Equal(image, new VectorDataViewType(NumberDataViewType.Single, 3, 28, 28));
        Assert.NotEqual(image, new VectorDataViewType(NumberDataViewType.Single, 3 * 28 * 28));
        Assert.NotEqual<DataViewType>(new VectorDataViewType(NumberDataViewType.Int32), unknown);
    }

    [Fact]
    public void Annotations_MissingKindOrWrongType_Throw()
    {
        var builder = new DataViewSchema.Annotations.Builder();
        builder.AddPrimitiveValue("Kind", TextDataViewType.Instance, "value".AsMemory());
        DataViewSchema.Annotations annotations = builder.ToAnnotations();
        ReadOnlyMemory<char> text = default;
        annotations.GetValue("Kind", ref text);
        Assert.Equal("value", text.ToString());
        float number = 0;
        Assert.Throws<InvalidOperationException>(() => annotations.GetValue("Kind", ref number));
        var ex = Assert.Throws<InvalidOperationException>(() => annotations.GetValue("KeyValues", ref text));
        Assert.Equal("Metadata KeyValues does not exist", ex.Message);
    }

    [Fact]
    public void RowId_ForkNextCombine_AreDistinctAndRepeatable()
    {
        var id = new DataViewRowId(5, 0);
        Assert.Equal("00000000000000000000000000000005", id.ToString());
        Assert.Equal(4, new HashSet<DataViewRowId> { id, id.Fork(), id.Next(), id.Combine(id) }.Count);
        Assert.Equal(id.Combine(id.Next()), new DataViewRowId(5, 0).Combine(new DataViewRowId(5, 0).Next()));
        Assert.True(id.CompareTo(new DataViewRowId(0, 1)) < 0);
    }
}
