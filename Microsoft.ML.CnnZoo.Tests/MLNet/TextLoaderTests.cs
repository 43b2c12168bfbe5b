using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>Text files as views.</summary>
public sealed class TextLoaderTests : IDisposable
{
    private readonly MLContext _context = new(1);
    private readonly string _folder = Directory.CreateTempSubdirectory("text").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void LoadFromTextFile_ClassWithHeader_ReadsMembersAndNamesSlots()
    {
        string path = Write("sepal,petal,species", "5.1,1.4,setosa", "7,4.7,versicolor", "", "// a comment", "6.3,6,virginica");
        IDataView data = _context.Data.LoadFromTextFile<Flower>(path, separatorChar: ',', hasHeader: true);
        Assert.Equal("0:Features:Vector<Single, 2>{SlotNames:Vector<String, 2>=[sepal|petal]}; 1:Kind:String", SchemaText.Of(data));
        Assert.Equal("<2:5.1,1.4> <2:7,4.7> <2:6.3,6>", Vectors(data, "Features"));
        Assert.Equal("setosa versicolor virginica", SchemaText.Of<string>(data, "Kind"));
        Assert.Null(data.GetRowCount());
        Assert.Equal("setosa versicolor virginica", SchemaText.Of<string>(data, "Kind"));
    }

    [Fact]
    public void LoadFromTextFile_AllKinds_ParsesEach()
    {
        TextLoader.Column[] columns = [.. Enum.GetValues<DataKind>().Order().Select((kind, i) => new TextLoader.Column(kind.ToString(), kind, i))];
        string path = Write("-1\t2\t-3\t4\t-5\t6\t-7\t8\t9.5\t-1e3\ttext \ttrue\t1.02:03:04\t2020-05-06\t2020-05-06T07:08:09+02:00");
        IDataView data = _context.Data.LoadFromTextFile(path, columns);
        Assert.Equal("0:SByte:SByte; 1:Byte:Byte; 2:Int16:Int16; 3:UInt16:UInt16; 4:Int32:Int32; 5:UInt32:UInt32; 6:Int64:Int64; 7:UInt64:UInt64; 8:Single:Single; 9:Double:Double; 10:String:String; 11:Boolean:Boolean; 12:TimeSpan:TimeSpan; 13:DateTime:DateTime; 14:DateTimeOffset:DateTimeOffset", SchemaText.Of(data));
        object[] values = [.. data.Preview().RowView.Single().Values.Select(pair => pair.Value is ReadOnlyMemory<char> text ? text.ToString() : pair.Value)];
        Assert.Equal(
            new object[] { (sbyte)-1, (byte)2, (short)-3, (ushort)4, -5, 6u, -7L, 8ul, 9.5f, -1000.0, "text ", true, new TimeSpan(1, 2, 3, 4), new DateTime(2020, 5, 6), new DateTimeOffset(2020, 5, 6, 7, 8, 9, TimeSpan.FromHours(2)) },
            values);
    }

    [Fact]
    public void LoadFromTextFile_EmptyAndShortLines_GiveDefaults()
    {
        TextLoader.Column[] columns = [new("F", DataKind.Single, 0), new("I", DataKind.Int32, 1), new("S", DataKind.String, 2), new("B", DataKind.Boolean, 3)];
        IDataView data = _context.Data.LoadFromTextFile(Write(",,,", "1", "?,2,x,yes"), columns, ',');
        Assert.Equal("0 1 NaN", SchemaText.Of<float>(data, "F"));
        Assert.Equal("0 0 2", SchemaText.Of<int>(data, "I"));
        Assert.Equal(["", "", "x"], data.GetColumn<string>("S"));
        Assert.Equal([false, false, true], data.GetColumn<bool>("B"));
    }

    [Fact]
    public void LoadFromTextFile_MissingRealsAsNaNs_MakesEmptyRealsMissing()
    {
        var options = new TextLoader.Options { Columns = [new("F", DataKind.Single, 0), new("D", DataKind.Double, 1)], Separators = [','], MissingRealsAsNaNs = true };
        IDataView data = _context.Data.LoadFromTextFile(Write(",1", "2,", "3"), options);
        Assert.Equal("NaN 2 3", SchemaText.Of<float>(data, "F"));
        Assert.Equal("1 NaN NaN", SchemaText.Of<double>(data, "D"));
    }

    [Fact]
    public void LoadFromTextFile_BadReal_IsMissingAndBadIntegerAnError()
    {
        string path = Write("head", "1", "abc");
        Assert.Equal("1 NaN", SchemaText.Of<float>(_context.Data.LoadFromTextFile(path, [new("F", DataKind.Single, 0)], hasHeader: true), "F"));
        IDataView integers = _context.Data.LoadFromTextFile(path, [new("I", DataKind.Int32, 0)], hasHeader: true);
        var error = Assert.Throws<InvalidOperationException>(() => integers.GetColumn<int>("I").Count());
        Assert.Equal("Could not parse value abc in line 3, column I", error.Message);
    }

    [Fact]
    public void LoadFromTextFile_Quotes_HoldSeparatorsAndQuotes()
    {
        TextLoader.Column[] columns = [new("A", DataKind.String, 0), new("B", DataKind.String, 1)];
        string path = Write("\"a,b\", c ", "\"say \"\"hi\"\"\"  ,\"\"", "\"bad\"x,1", "\"open,2");
        IDataView quoted = _context.Data.LoadFromTextFile(path, columns, ',', allowQuoting: true, trimWhitespace: true);
        Assert.Equal(["a,b", "say \"hi\"", "", ""], quoted.GetColumn<string>("A"));
        Assert.Equal(["c", "", "1", ""], quoted.GetColumn<string>("B"));
        IDataView plain = _context.Data.LoadFromTextFile(path, columns, ',');
        Assert.Equal("\"a", plain.GetColumn<string>("A").First());
        Assert.Equal("b\"", plain.GetColumn<string>("B").First());
    }

    [Fact]
    public void LoadFromTextFile_ReadMultilines_JoinsQuotedLines()
    {
        var options = new TextLoader.Options { Columns = [new("A", DataKind.String, 0), new("B", DataKind.Int32, 1)], Separators = [','], AllowQuoting = true, ReadMultilines = true, EscapeChar = '\\' };
        IDataView data = _context.Data.LoadFromTextFile(Write("\"one", "\\\"two\\\"\",1", "x,2"), options);
        Assert.Equal(["one\n\"two\"", "x"], data.GetColumn<string>("A"));
        Assert.Equal("1 2", SchemaText.Of<int>(data, "B"));
    }

    [Fact]
    public void LoadFromTextFile_Sparse_SpellsItOut()
    {
        TextLoader.Column[] columns = [new("V", DataKind.Single, 0, 6)];
        IDataView data = _context.Data.LoadFromTextFile(Write("1 2 5 2:6 4:3", "1 2 3 4 5 6 7"), columns, ' ', allowSparse: true);
        Assert.Equal("<7:1,2,0,0,6,0,3> <7:1,2,3,4,5,6,7>", Vectors(data, "V"));
    }

    [Fact]
    public void LoadFromTextFile_Ranges_FixedAutomaticVariableAndOther()
    {
        string path = Write("1\t2\t3\t4", "5\t6\t7", "8\t9\t10\t11\t12");
        TextLoader.Column[] columns =
        [
            new("Two", DataKind.Single, [new TextLoader.Range(0), new TextLoader.Range(2)]),
            new("Auto", DataKind.Single, [new TextLoader.Range(1, null)]),
            new("Varying", DataKind.Single, [new TextLoader.Range { Min = 2, VariableEnd = true }]),
            new("One", DataKind.Single, [new TextLoader.Range(3) { ForceVector = true }]),
        ];
        IDataView data = _context.Data.LoadFromTextFile(path, columns);
        Assert.Equal("0:Two:Vector<Single, 2>; 1:Auto:Vector<Single, 3>; 2:Varying:Vector<Single>; 3:One:Vector<Single, 1>", SchemaText.Of(data));
        Assert.Equal("<2:1,3> <2:5,7> <2:8,10>", Vectors(data, "Two"));
        Assert.Equal("<3:2,3,4> <3:6,7,0> <3:9,10,11>", Vectors(data, "Auto"));
        Assert.Equal("<2:3,4> <1:7> <3:10,11,12>", Vectors(data, "Varying"));
        IDataView other = _context.Data.LoadFromTextFile(path, [new("B", DataKind.Single, 1), new("Rest", DataKind.Single, [new TextLoader.Range { AllOther = true }])]);
        Assert.Equal("<3:1,3,4> <3:5,7,0> <3:8,10,11>", Vectors(other, "Rest"));
    }

    [Fact]
    public void LoadFromTextFile_NoColumns_IsLabelAndFeatures()
    {
        IDataView data = _context.Data.LoadFromTextFile(Write("1\t2\t3", "0\t5\t6"));
        Assert.Equal("0:Label:Single; 1:Features:Vector<Single, 2>", SchemaText.Of(data));
        Assert.Equal("<2:2,3> <2:5,6>", Vectors(data, "Features"));
    }

    [Fact]
    public void LoadFromTextFile_Keys_CountFromZero()
    {
        TextLoader.Column[] columns = [new("K", DataKind.UInt32, [new TextLoader.Range(0)], new KeyCount(3))];
        IDataView data = _context.Data.LoadFromTextFile(Write("0", "2", "3", "x"), columns);
        Assert.Equal("0:K:Key<UInt32, 0-2>", SchemaText.Of(data));
        Assert.Equal("1 3 0 0", SchemaText.Of<uint>(data, "K"));
    }

    [Fact]
    public void LoadFromTextFile_DecimalCommaAndMaxRows_AreHeeded()
    {
        var options = new TextLoader.Options { Columns = [new("F", DataKind.Single, 0)], Separators = [';'], DecimalMarker = ',', MaxRows = 2 };
        Assert.Equal("1.5 -2.25", SchemaText.Of<float>(_context.Data.LoadFromTextFile(Write("1,5", "-2,25", "3"), options), "F"));
    }

    [Fact]
    public void LoadFromTextFile_MissingFile_Throws()
    {
        string path = Path.Combine(_folder, "none.txt");
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => _context.Data.LoadFromTextFile<Flower>(path));
        Assert.Equal($"File does not exist at path: {path} (Parameter 'path')", error.Message);
        Assert.Throws<InvalidOperationException>(() => _context.Data.LoadFromTextFile<TextLoaderTests>(Write("1")));
    }

    [Fact]
    public void Load_SeveralFiles_SkipsTheHeaderOfEach()
    {
        File.WriteAllLines(Path.Combine(_folder, "b.csv"), ["h", "3"]);
        File.WriteAllLines(Path.Combine(_folder, "a.csv"), ["h", "1", "2"]);
        var source = new MultiFileSource(Path.Combine(_folder, "*.csv"));
        TextLoader loader = _context.Data.CreateTextLoader([new TextLoader.Column("X", DataKind.Single, 0)], hasHeader: true);
        Assert.Equal("0:X:Single", string.Join(" ", loader.GetOutputSchema().Select(column => $"{column.Index}:{column.Name}:{column.Type}")));
        Assert.Equal("1 2 3", SchemaText.Of<float>(loader.Load(source), "X"));
    }

    [Fact]
    public void CreateTextLoader_OptionsChangedLater_KeepsItsOwn()
    {
        var options = new TextLoader.Options { Columns = [new("X", DataKind.Single, 0)], Separators = [','] };
        TextLoader loader = _context.Data.CreateTextLoader(options);
        options.Columns[0].Source = [new TextLoader.Range(1)];
        options.Separators[0] = ';';
        Assert.Equal("1", SchemaText.Of<float>(loader.Load(new MultiFileSource(Write("1,2"))), "X"));
    }

    [Fact]
    public void Preview_ShowsRowsAndColumns()
    {
        IDataView data = _context.Data.LoadFromTextFile(Write("1\t2\t3", "0\t5\t6", "4\t7\t8"));
        DataDebuggerPreview preview = data.Preview(maxRows: 2);
        Assert.Equal("2 columns, 2 rows", preview.ToString());
        Assert.Same(data.Schema, preview.Schema);
        Assert.Equal("Features: Vector<Single, 2>", preview.ColumnView[1].ToString());
        Assert.Equal(new object[] { 1f, 0f }, preview.ColumnView[0].Values);
        Assert.Equal("2 columns", preview.RowView[1].ToString());
        Assert.Equal("Features", preview.RowView[1].Values[1].Key);
        Assert.Equal([5, 6], ((VBuffer<float>)preview.RowView[1].Values[1].Value).DenseValues());
        Assert.Equal([2, 3], ((VBuffer<float>)preview.RowView[0].Values[1].Value).DenseValues());
        Assert.Equal("3 columns, 1 rows", _context.Transforms.CopyColumns("L", "Label").Preview(data, maxRows: 1, maxTrainingRows: 1).ToString());
        Assert.Throws<ArgumentOutOfRangeException>(() => data.Preview(-1));
    }

    private static string Vectors(IDataView data, string column) => string.Join(" ", data.GetColumn<VBuffer<float>>(column).Select(SchemaText.Vector));

    private string Write(params string[] lines)
    {
        string path = Path.Combine(_folder, "data.txt");
        File.WriteAllLines(path, lines);
        return path;
    }

    private sealed class Flower
    {
        [LoadColumn(0, 1), VectorType(2)]
        public float[] Features { get; set; } = [];

        [LoadColumn(2), ColumnName("Kind")]
        public string Species { get; set; } = "";

        public int Unread { get; set; }
    }
}
