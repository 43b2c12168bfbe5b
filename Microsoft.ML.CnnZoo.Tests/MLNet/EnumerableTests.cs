using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

public class EnumerableTests
{
    private readonly MLContext _context = new(1);

    [Fact]
    public void LoadFromEnumerable_FieldsThenProperties_HaveTypesAndOrder()
    {
        IDataView view = _context.Data.LoadFromEnumerable(new[] { new Everything() });
        Assert.Equal(
            "0:FStr:String; 1:FVec:Vector<Single, 2>; 2:FVar:Vector<Single>; 3:FBool:Boolean; 4:FDate:DateTime; 5:FDbl:Double; 6:FByte:Byte; "
            + "7:FULong:UInt64; 8:Renamed:Int64; 9:VB:Vector<Double>; 10:TS:TimeSpan; 11:SB:SByte; 12:SH:Int16; 13:RM:String; 14:Offset:DateTimeOffset; "
            + "15:Id:DataViewRowId; 16:Grid:Vector<Byte, 2, 3>; 17:PStr:String; 18:PInt:Int32; 19:ReadOnly:Int32",
            string.Join("; ", view.Schema.Select(c => $"{c.Index}:{c.Name}:{c.Type}")));
    }

    [Fact]
    public void LoadFromEnumerable_NullsAndWrongSizes_AreEmptyZeroOrPassedOn()
    {
        IDataView view = _context.Data.LoadFromEnumerable([new Everything(), new Everything { FStr = "s", FVec = [1, 2, 3], FVar = [3] }]);
        Assert.Equal(["", "s"], view.GetColumn<string>("FStr"));
        Assert.Equal([[], [3f]], view.GetColumn<float[]>("FVar"));
        Assert.Equal([[0f, 0f], [1f, 2f, 3f]], view.GetColumn<float[]>("FVec"));
    }

    [Fact]
    public void GetRowCount_ListArrayAndLazy_KnownForCollectionsOnly()
    {
        Derived[] rows = [new(), new()];
        Assert.Equal(2, _context.Data.LoadFromEnumerable(rows).GetRowCount());
        Assert.Equal(2, _context.Data.LoadFromEnumerable(rows.ToList()).GetRowCount());
        Assert.Null(_context.Data.LoadFromEnumerable(rows.Where(r => r != null)).GetRowCount());
        Assert.False(_context.Data.LoadFromEnumerable(rows).CanShuffle);
    }

    [Fact]
    public void KeyType_ValuesAboveCount_BecomeMissing()
    {
        IDataView view = _context.Data.LoadFromEnumerable(new uint[] { 2, 4, 0, 1 }.Select(k => new Keyed { K = k, Many = [k, 1] }));
        Assert.Equal("Key<UInt32, 0-2>", view.Schema["K"].Type.ToString());
        Assert.Equal("Vector<Key<UInt32, 0-4294967294>>", view.Schema["Many"].Type.ToString());
        Assert.Equal([2u, 0u, 0u, 1u], view.GetColumn<uint>("K"));
    }

    [Fact]
    public void LoadFromEnumerable_Inheritance_OwnMembersFirst() =>
        Assert.Equal(["Own", "FromBase"], _context.Data.LoadFromEnumerable(new[] { new Derived() }).Schema.Select(c => c.Name));

    [Fact]
    public void LoadFromEnumerable_UnsupportedTypes_AreRefused()
    {
        AssertRefused<WithDecimal>();
        AssertRefused<WithDay>();
        AssertRefused<WithNullable>();
    }

    [Fact]
    public void CreateEnumerable_RoundTrip_GivesTheValuesBack()
    {
        Everything[] rows = [new() { FStr = "é", FVar = [1, 2], PInt = 7, RM = "m".AsMemory(), VB = new VBuffer<double>(4, 1, [5], [2]) }, new() { FBool = true }];
        Everything[] back = [.. _context.Data.CreateEnumerable<Everything>(_context.Data.LoadFromEnumerable(rows), reuseRowObject: false)];
        Assert.Equal(["é", ""], back.Select(r => r.FStr));
        Assert.Equal([1f, 2f], back[0].FVar!);
        Assert.Equal(7, back[0].PInt);
        Assert.Equal([0, 0, 5, 0], back[0].VB.DenseValues());
        Assert.False(back[0].VB.IsDense);
        Assert.True(back[1].FBool);
        Assert.Equal(9, back[0].ReadOnly);
    }

    [Fact]
    public void CreateEnumerable_ReusedRowObject_IsOneObject()
    {
        IDataView view = _context.Data.LoadFromEnumerable([new Derived { Own = 1 }, new Derived { Own = 2 }]);
        Assert.Single(_context.Data.CreateEnumerable<Derived>(view, reuseRowObject: true).ToHashSet());
        Assert.Equal(2, _context.Data.CreateEnumerable<Derived>(view, reuseRowObject: false).ToHashSet().Count);
    }

    [Fact]
    public void CreateEnumerable_MissingColumn_ThrowsUnlessIgnored()
    {
        IDataView view = _context.Data.LoadFromEnumerable(new[] { new Derived() });
        var ex = Assert.Throws<ArgumentOutOfRangeException>(() => _context.Data.CreateEnumerable<Other>(view, false));
        Assert.Equal("Could not find  column 'Nope' (Parameter 'Schema')", ex.Message);
        Assert.Null(Assert.Single(_context.Data.CreateEnumerable<Other>(view, false, ignoreMissingColumns: true)).Nope);
    }

    [Fact]
    public void CreateEnumerable_MemberOfAnotherType_IsRefused()
    {
        IDataView view = _context.Data.LoadFromEnumerable(new[] { new Derived() });
        var ex = Assert.Throws<InvalidOperationException>(() => _context.Data.CreateEnumerable<WrongOwn>(view, false));
        Assert.Equal("Can't bind the IDataView column 'Own' of type 'Single' to field or property 'Own' of type 'System.Int32'.", ex.Message);
    }

    [Fact]
    public void SchemaDefinition_TypeNameAndAnnotation_AreTaken()
    {
        SchemaDefinition definition = SchemaDefinition.Create(typeof(Plain));
        definition["Values"].ColumnType = new VectorDataViewType(NumberDataViewType.Single, 2);
        definition["Values"].AddAnnotation("SlotNames", new[] { "a", "b" }, new VectorDataViewType(TextDataViewType.Instance, 2));
        definition["Label"].ColumnName = "Class";
        IDataView view = _context.Data.LoadFromEnumerable([new Plain { Label = 3, Values = [1, 2] }], definition);
        Assert.Equal("Vector<Single, 2>", view.Schema["Values"].Type.ToString());
        Assert.True(view.Schema["Values"].HasSlotNames());
        VBuffer<ReadOnlyMemory<char>> names = default;
        view.Schema["Values"].GetSlotNames(ref names);
        Assert.Equal(["a", "b"], names.DenseValues().Select(n => n.ToString()));
        Assert.Equal([3u], view.GetColumn<uint>("Class"));
        var ex = Assert.Throws<InvalidOperationException>(() => definition["Values"].AddAnnotation("SlotNames", "x", TextDataViewType.Instance));
        Assert.Equal("Column already contains an annotation of this kind.", ex.Message);
    }

    [Fact]
    public void LoadFromEnumerable_WithSchema_TakesItsTypes()
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("Label", new KeyDataViewType(typeof(uint), 5));
        builder.AddColumn("Values", new VectorDataViewType(NumberDataViewType.Single, 3));
        IDataView view = _context.Data.LoadFromEnumerable([new Plain { Label = 6 }], builder.ToSchema());
        Assert.Equal(["Key<UInt32, 0-4>", "Vector<Single, 3>"], view.Schema.Select(c => c.Type.ToString()));
        Assert.Equal([0u], view.GetColumn<uint>("Label"));
        Assert.Equal([0f, 0f, 0f], view.GetColumn<float[]>("Values").Single());
    }

    private void AssertRefused<TRow>()
        where TRow : class, new()
    {
        var ex = Assert.Throws<ArgumentOutOfRangeException>(() => _context.Data.LoadFromEnumerable(new[] { new TRow() }));
        Assert.Equal("Could not determine an IDataView type and registered custom types for member X (Parameter 'rawType')", ex.Message);
    }

    public sealed class Everything
    {
        public string? FStr;
        [VectorType(2)]
        public float[]? FVec;
        public float[]? FVar;
        public bool FBool;
        public DateTime FDate;
        public double FDbl;
        public byte FByte;
        public ulong FULong;
        [ColumnName("Renamed")]
        public long FLong;
        public VBuffer<double> VB;
        public TimeSpan TS;
        public sbyte SB;
        public short SH;
        public ReadOnlyMemory<char> RM;
        public DateTimeOffset Offset;
        public DataViewRowId Id;
        [VectorType(2, 3)]
        public byte[]? Grid;
        [NoColumn]
        public decimal NotAColumn;

        public string? PStr { get; set; }

        public int PInt { get; set; }

        public int ReadOnly => 9;
    }

    public class Base
    {
        public float FromBase;
    }

    public sealed class Derived : Base
    {
        public float Own;
    }

    public sealed class Other
    {
        public string? Nope;
    }

    public sealed class WrongOwn
    {
        public int Own;
    }

    public sealed class Keyed
    {
        [KeyType(3)]
        public uint K;
        [KeyType]
        public uint[]? Many;
    }

    public sealed class Plain
    {
        public uint Label;
        public float[]? Values;
    }

    public sealed class WithDecimal
    {
        public decimal X;
    }

    public sealed class WithDay
    {
        public DayOfWeek X;
    }

    public sealed class WithNullable
    {
        public float? X;
    }
}
