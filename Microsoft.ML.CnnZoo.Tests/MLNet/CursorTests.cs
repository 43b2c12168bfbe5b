using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

public class CursorTests
{
    private readonly MLContext _context = new(1);

    [Fact]
    public void Position_BeforeWithinAndAfterRows_CountsFromZeroAndIsMinusOneOutside()
    {
        IDataView view = View(7);
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        ValueGetter<DataViewRowId> getId = cursor.GetIdGetter();
        Assert.Equal((-1L, 0L), (cursor.Position, cursor.Batch));
        var seen = new List<string>();
        while (cursor.MoveNext())
        {
            DataViewRowId id = default;
            getId(ref id);
            seen.Add($"{cursor.Position}/{cursor.Batch}/{id}");
        }
        Assert.Equal(Enumerable.Range(0, 7).Select(i => $"{i}/0/{i:x32}"), seen);
        Assert.Equal(-1, cursor.Position);
        Assert.False(cursor.MoveNext());
    }

    [Fact]
    public void Getter_BeforeMoveNext_ThrowsNullReference()
    {
        IDataView view = View(2);
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        ValueGetter<float> getter = cursor.GetGetter<float>(view.Schema["X"]);
        float value = 0;
        Assert.Throws<NullReferenceException>(() => getter(ref value));
    }

    [Fact]
    public void GetGetter_OfAnotherType_NamesColumnAndTypes()
    {
        IDataView view = View(2);
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        var ex = Assert.Throws<InvalidOperationException>(() => cursor.GetGetter<int>(view.Schema["X"]));
        Assert.Equal("Invalid TValue in GetGetter for column #X: Single: 'System.Int32', expected type: 'System.Single'.", ex.Message);
    }

    [Fact]
    public void GetGetter_OfInactiveColumn_Throws()
    {
        IDataView view = View(2);
        using DataViewRowCursor cursor = view.GetRowCursor([]);
        Assert.False(cursor.IsColumnActive(view.Schema["X"]));
        var ex = Assert.Throws<ArgumentOutOfRangeException>(() => cursor.GetGetter<float>(view.Schema["X"]));
        Assert.Equal("requested column not active (Parameter 'column')", ex.Message);
    }

    [Fact]
    public void GetRowCursorSet_OfEnumerable_GivesOneCursor()
    {
        IDataView view = View(5);
        DataViewRowCursor cursor = Assert.Single(view.GetRowCursorSet(view.Schema, 4));
        cursor.Dispose();
    }

    [Fact]
    public void GetColumn_WrongTypeOrName_ThrowsWithMLNetsMessages()
    {
        IDataView view = View(2);
        Assert.Equal([0f, 1f], view.GetColumn<float>("X"));
        var type = Assert.Throws<ArgumentOutOfRangeException>(() => view.GetColumn<int>("X"));
        Assert.Equal("Cannot map column (name: X, type: Single) in data to the user-defined type, System.Int32. (Parameter 'column')", type.Message);
        var name = Assert.Throws<ArgumentOutOfRangeException>(() => view.GetColumn<float>("nope"));
        Assert.Equal("Column 'nope' not found (Parameter 'name')", name.Message);
    }

    [Fact]
    public void GetColumn_TextAndVectors_AsUsersTypes()
    {
        IDataView view = _context.Data.LoadFromEnumerable([new Item { Text = "a", Values = [1, 2], Words = ["x", "y"] }, new Item()]);
        Assert.Equal(["a", ""], view.GetColumn<string>("Text"));
        Assert.Equal(["a", ""], view.GetColumn<ReadOnlyMemory<char>>("Text").Select(t => t.ToString()));
        Assert.Equal([[1f, 2f], []], view.GetColumn<float[]>("Values"));
        Assert.Equal([2, 0], view.GetColumn<VBuffer<float>>("Values").Select(v => v.Length));
        Assert.Equal([["x", "y"], []], view.GetColumn<string[]>("Words"));
    }

    private IDataView View(int rows) => _context.Data.LoadFromEnumerable(Enumerable.Range(0, rows).Select(i => new Number { X = i }).ToList());

    public sealed class Number
    {
        public float X;
    }

    public sealed class Item
    {
        public string? Text;
        public float[]? Values;
        public string[]? Words;
    }
}
