using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>ConvertType, Concatenate, CopyColumns, DropColumns, SelectColumns; the expected lines were recorded on ML.NET 5.0.0.</summary>
public sealed class ColumnTransformTests
{
    private const string AllColumns = "0:FStr:String; 1:FVec:Vector<Single, 2>; 2:FVar:Vector<Single>; 3:FBool:Boolean; 4:FDate:DateTime; 5:FDbl:Double; 6:FByte:Byte; 7:FULong:UInt64; 8:Renamed:Int64; 9:VB:Vector<Double>; 10:TS:TimeSpan; 11:SB:SByte; 12:SH:Int16; 13:RM:String; 14:PStr:String; 15:PInt:Int32; 16:PFlt:Single; 17:PFlt2:Single; 18:ReadOnly:Int32";

    private readonly MLContext _context = new(1);

    [Fact]
    public void ConvertType_IntegersToSingle_KeepsTheirValues()
    {
        IDataView converted = Fit(_context.Transforms.Conversion.ConvertType("F", "I"), Rows(new Row { I = 5 }, new Row(), new Row { I = -1 }));
        Assert.StartsWith("0:S:String; 1:I:Int32; 2:X:Single; 3:V:Vector<Single, 2>; 4:F:Single", SchemaText.Of(converted), StringComparison.Ordinal);
        Assert.Equal("5 0 -1", SchemaText.Of<float>(converted, "F"));
    }

    [Fact]
    public void ConvertType_Texts_GivesMissingForWhatDoesNotParse()
    {
        IDataView data = Texts("1.5", "", "?", "NaN", " 2 ", "abc", "-3e2");
        Assert.Equal("1.5 0 NaN NaN NaN NaN -300", SchemaText.Of<float>(Fit(_context.Transforms.Conversion.ConvertType("F", "S"), data), "F"));
        Assert.Equal("1.5 0 NaN NaN NaN NaN -300", SchemaText.Of<double>(Fit(_context.Transforms.Conversion.ConvertType("F", "S", DataKind.Double), data), "F"));
    }

    [Fact]
    public void ConvertType_TextsToIntegers_GivesZeroForWhatDoesNotParse()
    {
        IDataView data = Texts("0", "1", "2", "3", "x", "", "-1", "4294967296");
        Assert.Equal("0 1 2 3 0 0 0 0", SchemaText.Of<uint>(Fit(_context.Transforms.Conversion.ConvertType("F", "S", DataKind.UInt32), data), "F"));
        Assert.Equal("0 1 2 3 0 0 -1 0", SchemaText.Of<int>(Fit(_context.Transforms.Conversion.ConvertType("F", "S", DataKind.Int32), data), "F"));
    }

    [Fact]
    public void ConvertType_SingleToInteger_Throws()
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => Fit(_context.Transforms.Conversion.ConvertType("F", "X", DataKind.Int32), Rows(new Row())));
        Assert.Equal("source column 'X' with item type 'Single' is not compatible with destination type 'Int32' (Parameter 'inputSchema')", error.Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => _context.Transforms.Conversion.ConvertType("F", "X", DataKind.Int32).Append(_context.Transforms.CopyColumns("G", "F")).Fit(Rows(new Row())));
    }

    [Fact]
    public void ConvertType_KeyToSingle_Throws()
    {
        IDataView data = Fit(_context.Transforms.Conversion.MapValueToKey("K", "S"), Texts("a", "b", "c", "d"));
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => Fit(_context.Transforms.Conversion.ConvertType("F", "K"), data));
        Assert.Equal("source column 'K' with item type 'Key<UInt32, 0-3>' is not compatible with destination type 'Single' (Parameter 'inputSchema')", error.Message);
        Assert.Equal("1 2 3 4", SchemaText.Of<ulong>(Fit(_context.Transforms.Conversion.ConvertType("F", "K", DataKind.UInt64), data), "F"));
    }

    [Fact]
    public void ConvertType_VectorsAndBack_KeepsSizeAndSlotNames()
    {
        IDataView data = Fit(_context.Transforms.Concatenate("C", "X", "V"), Rows(new Row { X = 1.5f, V = [2, 0] }));
        IDataView texts = Fit(_context.Transforms.Conversion.ConvertType([new InputOutputColumnPair("T", "C")], DataKind.String), data);
        Assert.EndsWith("; 5:T:Vector<String, 3>{SlotNames:Vector<String, 3>=[X||]}", SchemaText.Of(texts), StringComparison.Ordinal);
        Assert.Equal(["1.5", "2", "0"], texts.GetColumn<string[]>("T").Single());
        IDataView back = Fit(_context.Transforms.Conversion.ConvertType("B", "T", DataKind.Double), texts);
        Assert.Equal([1.5, 2, 0], back.GetColumn<double[]>("B").Single());
    }

    [Fact]
    public void Concatenate_ScalarsAndVectors_NamesTheScalarsSlots()
    {
        IDataView joined = Fit(_context.Transforms.Concatenate("F", "PFlt", "FVec", "PFlt2"), AllTypes());
        Assert.Equal(AllColumns + "; 19:F:Vector<Single, 4>{SlotNames:Vector<String, 4>=[PFlt|||PFlt2]}", SchemaText.Of(joined));
        Assert.Equal("<4:7,1,2,0>", SchemaText.Vector(joined.GetColumn<VBuffer<float>>("F").Single()));
    }

    [Fact]
    public void Concatenate_VectorOfUnknownSize_HasUnknownSize()
    {
        IDataView joined = Fit(_context.Transforms.Concatenate("F", "PFlt", "FVar"), AllTypes());
        Assert.Equal(AllColumns + "; 19:F:Vector<Single>", SchemaText.Of(joined));
        Assert.Equal("<4:7,3,4,5>", SchemaText.Vector(joined.GetColumn<VBuffer<float>>("F").Single()));
    }

    [Fact]
    public void Concatenate_OneScalar_IsAVectorOfOne() => Assert.Equal(
        AllColumns + "; 19:F:Vector<Single, 1>{SlotNames:Vector<String, 1>=[PFlt]}",
        SchemaText.Of(Fit(_context.Transforms.Concatenate("F", "PFlt"), AllTypes())));

    [Fact]
    public void Concatenate_NamedVector_QualifiesItsSlots()
    {
        IDataView first = Fit(_context.Transforms.Concatenate("F", "PFlt", "FVec"), AllTypes());
        IDataView second = Fit(_context.Transforms.Concatenate("G", "F", "PFlt2"), first);
        Assert.EndsWith("; 20:G:Vector<Single, 4>{SlotNames:Vector<String, 4>=[F.PFlt|||PFlt2]}", SchemaText.Of(second), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PInt", "Schema mismatch for input column 'PInt': expected Single, got Int32 (Parameter 'inputSchema')")]
    [InlineData("nope", "Could not find input column 'nope' (Parameter 'inputSchema')")]
    public void Concatenate_WrongColumn_Throws(string second, string message)
    {
        IDataView data = AllTypes();
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => Fit(_context.Transforms.Concatenate("F", "PFlt", second), data));
        Assert.Equal(message, error.Message);
        error = Assert.Throws<ArgumentOutOfRangeException>(() => _context.Transforms.Concatenate("F", "PFlt", second).Append(_context.Transforms.CopyColumns("G", "F")).Fit(data));
        Assert.Equal(message, error.Message);
    }

    [Fact]
    public void CopyColumns_NewAndOldName_AddsAndHides()
    {
        IDataView copied = Fit(_context.Transforms.CopyColumns("Y", "X"), _context.Data.LoadFromEnumerable(new[] { new { X = 1f } }));
        Assert.Equal("0:X:Single; 1:Y:Single", SchemaText.Of(copied));
        Assert.Equal("1", SchemaText.Of<float>(copied, "Y"));
        IDataView texts = _context.Data.LoadFromEnumerable(new[] { new { S = "a" } });
        IDataView hidden = Fit(_context.Transforms.CopyColumns("S", "S").Append(_context.Transforms.CopyColumns("K2", "S")), texts);
        Assert.Equal("0:S:String(hidden); 1:S:String; 2:K2:String", SchemaText.Of(hidden));
    }

    [Fact]
    public void DropColumns_Two_LeavesTheOthersInOrder() => Assert.Equal(
        "0:FVar:Vector<Single>; 1:FBool:Boolean; 2:FDate:DateTime; 3:FDbl:Double; 4:FByte:Byte; 5:FULong:UInt64; 6:Renamed:Int64; 7:VB:Vector<Double>; 8:TS:TimeSpan; 9:SB:SByte; 10:SH:Int16; 11:RM:String; 12:PStr:String; 13:PInt:Int32; 14:PFlt:Single; 15:PFlt2:Single; 16:ReadOnly:Int32",
        SchemaText.Of(Fit(_context.Transforms.DropColumns("FStr", "FVec"), AllTypes())));

    [Fact]
    public void SelectColumns_Two_OrdersThemAsAsked()
    {
        IDataView selected = Fit(_context.Transforms.SelectColumns("PInt", "FStr"), AllTypes());
        Assert.Equal("0:PInt:Int32; 1:FStr:String", SchemaText.Of(selected));
        Assert.Equal("6", SchemaText.Of<int>(selected, "PInt"));
        Assert.Equal("text", SchemaText.Of<string>(selected, "FStr"));
    }

    [Fact]
    public void SelectColumns_HiddenColumns_AreDroppedUnlessKept()
    {
        IDataView hidden = Fit(_context.Transforms.CopyColumns("S", "S"), _context.Data.LoadFromEnumerable(new[] { new { S = "a", T = 1 } }));
        Assert.Equal("0:S:String", SchemaText.Of(Fit(_context.Transforms.SelectColumns("S"), hidden)));
        Assert.Equal("0:S:String(hidden); 1:S:String", SchemaText.Of(Fit(_context.Transforms.SelectColumns(["S"], keepHidden: true), hidden)));
        Assert.Equal("0:S:String", SchemaText.Of(Fit(_context.Transforms.DropColumns("T"), hidden)));
    }

    [Fact]
    public void DropAndSelectColumns_MissingColumn_Throws()
    {
        foreach (IEstimator<ITransformer> estimator in new[] { _context.Transforms.DropColumns("nope"), _context.Transforms.SelectColumns("nope") })
        {
            var error = Assert.Throws<ArgumentOutOfRangeException>(() => Fit(estimator, AllTypes()));
            Assert.Equal("Could not find input column 'nope' (Parameter 'inputSchema')", error.Message);
        }
    }

    [Fact]
    public void SaveAndLoad_AllTransforms_GivesTheSameViews()
    {
        IDataView data = Rows(new Row { S = "3", I = 1, X = 2, V = [1, 2] }, new Row { S = "é", I = 7, X = -1, V = [0, 9] });
        EstimatorChain<ITransformer> chain = _context.Transforms.Conversion.MapValueToKey("K", "S")
            .Append(_context.Transforms.Conversion.MapValueToKey([new InputOutputColumnPair("KI", "I"), new InputOutputColumnPair("KX", "X")], addKeyValueAnnotationsAsText: true))
            .Append(_context.Transforms.Conversion.MapKeyToValue("Back", "K"))
            .Append(_context.Transforms.Conversion.ConvertType("R", "S"))
            .Append(_context.Transforms.Concatenate("F", "X", "V", "R"))
            .Append(_context.Transforms.CopyColumns("G", "F"))
            .Append(_context.Transforms.DropColumns("I"))
            .Append((IEstimator<ITransformer>)_context.Transforms.SelectColumns("K", "KI", "KX", "Back", "G", "S"));
        ITransformer model = chain.Fit(data);
        using var stream = new MemoryStream();
        _context.Model.Save(model, data.Schema, stream);
        stream.Position = 0;
        ITransformer loaded = new MLContext().Model.Load(stream, out DataViewSchema schema);
        Assert.Equal(data.Schema.Select(column => column.ToString()), schema.Select(column => column.ToString()));
        IDataView expected = model.Transform(data), actual = loaded.Transform(data);
        Assert.Equal("0:K:Key<UInt32, 0-1>{KeyValues:Vector<String, 2>=[3|é]}; 1:KI:Key<UInt32, 0-1>{KeyValues:Vector<String, 2>=[1|7]}; 2:KX:Key<UInt32, 0-1>{KeyValues:Vector<String, 2>=[2|-1]}; 3:Back:String; 4:G:Vector<Single, 4>{SlotNames:Vector<String, 4>=[X|||R]}; 5:S:String", SchemaText.Of(actual));
        Assert.Equal(SchemaText.Of(expected), SchemaText.Of(actual));
        Assert.Equal("1 2", SchemaText.Of<uint>(actual, "K"));
        Assert.Equal("1 2", SchemaText.Of<uint>(actual, "KX"));
        Assert.Equal("3 é", SchemaText.Of<string>(actual, "Back"));
        Assert.Equal("<4:2,1,2,3> <4:-1,0,9,NaN>", string.Join(" ", actual.GetColumn<VBuffer<float>>("G").Select(SchemaText.Vector)));
    }

    [Fact]
    public void PredictionEngine_OverAllTransforms_PredictsEachExample()
    {
        ITransformer model = _context.Transforms.Conversion.MapValueToKey("K", "S")
            .Append(_context.Transforms.Conversion.MapKeyToValue("Back", "K"))
            .Append(_context.Transforms.Conversion.ConvertType("R", "I"))
            .Append(_context.Transforms.Concatenate("F", "R", "V"))
            .Append(_context.Transforms.DropColumns("R"))
            .Append(_context.Transforms.SelectColumns("F", "Back"))
            .Fit(Rows(new Row { S = "a" }, new Row { S = "b" }));
        using PredictionEngine<Row, Prediction> engine = _context.Model.CreatePredictionEngine<Row, Prediction>(model);
        Prediction known = engine.Predict(new Row { S = "b", I = 3, V = [4, 5] }), unknown = engine.Predict(new Row { S = "c", I = -1 });
        Assert.Equal("b", known.Back);
        Assert.Equal([3, 4, 5], known.F);
        Assert.Equal("", unknown.Back);
        Assert.Equal([-1, 0, 0], unknown.F);
    }

    [Fact]
    public void GetOutputSchema_OfShapes_AgreesWithTheSchema()
    {
        IDataView data = Rows(new Row());
        EstimatorChain<ITransformer> chain = new EstimatorChain<ITransformer>()
            .Append(_context.Transforms.Conversion.MapValueToKey("K", "X"))
            .Append(_context.Transforms.Conversion.MapKeyToValue("B", "K"))
            .Append(_context.Transforms.Concatenate("F", "B", "X"))
            .Append((IEstimator<ITransformer>)_context.Transforms.Conversion.ConvertType("T", "F", DataKind.Double));
        IDataView transformed = chain.Fit(data).Transform(data);
        Assert.Equal(["S", "I", "X", "V", "K", "B", "F", "T"], transformed.Schema.Select(column => column.Name));
        Assert.EndsWith("; 7:T:Vector<Double, 2>{SlotNames:Vector<String, 2>=[B|X]}", SchemaText.Of(transformed), StringComparison.Ordinal);
    }

    private static IDataView Fit(IEstimator<ITransformer> estimator, IDataView data) => estimator.Fit(data).Transform(data);

    private IDataView Rows(params Row[] rows) => _context.Data.LoadFromEnumerable(rows);

    private IDataView Texts(params string[] values) => Rows([.. values.Select(value => new Row { S = value })]);

    private IDataView AllTypes() => _context.Data.LoadFromEnumerable(new[] { new AllTypesRow() });

    private sealed class Row
    {
        public string S { get; set; } = "";

        public int I { get; set; }

        public float X { get; set; }

        [VectorType(2)]
        public float[] V { get; set; } = [0, 0];
    }

    private sealed class Prediction
    {
        public string Back { get; set; } = "";

        public float[] F { get; set; } = [];
    }

#pragma warning disable CA1051, CS0649 // Fields are columns too, and come first.
    private sealed class AllTypesRow
    {
        public string FStr = "text";

        [VectorType(2)]
        public float[] FVec = [1, 2];

        public float[] FVar = [3, 4, 5];
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

        public string PStr { get; set; } = "";

        public int PInt { get; set; } = 6;

        public float PFlt { get; set; } = 7;

        public float PFlt2 { get; set; }

        public int ReadOnly => 8;
    }
#pragma warning restore CA1051, CS0649
}
