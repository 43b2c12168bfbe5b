using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using Xunit;
using static Microsoft.ML.Transforms.ValueToKeyMappingEstimator;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>MapValueToKey and MapKeyToValue; the expected lines were recorded on ML.NET 5.0.0.</summary>
public sealed class KeyMappingTests
{
    private static readonly string[] Texts = ["b", "B", null!, "", "a", "b", "aa", "é", "Z", " "];
    private static readonly float[] Reals = [3, float.NaN, 1, 3, -0f, 0, 2];

    private readonly MLContext _context = new(1);

    [Theory]
    [InlineData(KeyOrdinality.ByOccurrence, "0:S:String; 1:K:Key<UInt32, 0-6>{KeyValues:Vector<String, 7>=[b|B|a|aa|é|Z| ]}", "1 2 0 0 3 1 4 5 6 7")]
    [InlineData(KeyOrdinality.ByValue, "0:S:String; 1:K:Key<UInt32, 0-6>{KeyValues:Vector<String, 7>=[ |B|Z|a|aa|b|é]}", "6 2 0 0 4 6 5 7 3 1")]
    public void MapValueToKey_Texts_GivesRecordedKeys(KeyOrdinality order, string schema, string keys)
    {
        IDataView data = TextData(Texts);
        IDataView mapped = _context.Transforms.Conversion.MapValueToKey("K", "S", keyOrdinality: order).Fit(data).Transform(data);
        Assert.Equal(schema, SchemaText.Of(mapped));
        Assert.Equal(keys, SchemaText.Of<uint>(mapped, "K"));
    }

    [Theory]
    [InlineData(KeyOrdinality.ByOccurrence)]
    [InlineData(KeyOrdinality.ByValue)]
    public void MapKeyToValue_Texts_GivesThemBack(KeyOrdinality order)
    {
        IDataView data = TextData(Texts);
        IDataView mapped = _context.Transforms.Conversion.MapValueToKey("K", "S", keyOrdinality: order).Fit(data).Transform(data);
        IDataView back = _context.Transforms.Conversion.MapKeyToValue("V", "K").Fit(mapped).Transform(mapped);
        Assert.Equal("b|B|||a|b|aa|é|Z| ", string.Join("|", back.GetColumn<string>("V")));
    }

    [Fact]
    public void MapValueToKey_RealsByValue_GivesRecordedKeys()
    {
        IDataView data = RealData(Reals);
        IDataView mapped = _context.Transforms.Conversion.MapValueToKey("K", "X", keyOrdinality: KeyOrdinality.ByValue).Fit(data).Transform(data);
        Assert.Equal("0:X:Single; 1:K:Key<UInt32, 0-3>{KeyValues:Vector<Single, 4>=[-0|1|2|3]}", SchemaText.Of(mapped));
        Assert.Equal("4 0 2 4 1 1 3", SchemaText.Of<uint>(mapped, "K"));
        IDataView back = _context.Transforms.Conversion.MapKeyToValue("V", "K").Fit(mapped).Transform(mapped);
        Assert.Equal("3 NaN 1 3 -0 -0 2", SchemaText.Of<float>(back, "V"));
    }

    [Fact]
    public void MapValueToKey_UnseenValue_IsMissing()
    {
        ITransformer model = _context.Transforms.Conversion.MapValueToKey("K", "S").Fit(TextData(Texts));
        Assert.Equal("0 3", SchemaText.Of<uint>(model.Transform(TextData("unseen", "a")), "K"));
    }

    [Fact]
    public void MapValueToKey_MaximumNumberOfKeys_KeepsTheFirst()
    {
        IDataView data = TextData(Texts);
        IDataView mapped = _context.Transforms.Conversion.MapValueToKey("K", "S", maximumNumberOfKeys: 2).Fit(data).Transform(data);
        Assert.Equal("0:S:String; 1:K:Key<UInt32, 0-1>{KeyValues:Vector<String, 2>=[b|B]}", SchemaText.Of(mapped));
        Assert.Equal("1 2 0 0 0 1 0 0 0 0", SchemaText.Of<uint>(mapped, "K"));
        Assert.Throws<ArgumentOutOfRangeException>(() => _context.Transforms.Conversion.MapValueToKey("K", "S", maximumNumberOfKeys: 0));
    }

    [Fact]
    public void MapValueToKey_Integers_KeepsTheirType()
    {
        IDataView data = _context.Data.LoadFromEnumerable(new[] { 5, 0, -1 }.Select(value => new IntegerRow { I = value }).ToList());
        IDataView mapped = _context.Transforms.Conversion.MapValueToKey("K", "I").Fit(data).Transform(data);
        Assert.Equal("0:I:Int32; 1:K:Key<UInt32, 0-2>{KeyValues:Vector<Int32, 3>=[5|0|-1]}", SchemaText.Of(mapped));
        IDataView back = _context.Transforms.Conversion.MapKeyToValue("V", "K").Fit(mapped).Transform(mapped);
        Assert.Equal("5 0 -1", SchemaText.Of<int>(back, "V"));
    }

    [Fact]
    public void MapValueToKey_KeyData_FixesTheKeys()
    {
        IDataView data = TextData(Texts);
        IDataView mapped = _context.Transforms.Conversion.MapValueToKey("K", "S", keyData: TextData("z", "b")).Fit(data).Transform(data);
        Assert.Equal("0:S:String; 1:K:Key<UInt32, 0-1>{KeyValues:Vector<String, 2>=[z|b]}", SchemaText.Of(mapped));
        Assert.Equal("2 0 0 0 0 2 0 0 0 0", SchemaText.Of<uint>(mapped, "K"));
        Assert.Throws<ArgumentOutOfRangeException>(() => _context.Transforms.Conversion.MapValueToKey("K", "S", keyData: mapped));
    }

    [Fact]
    public void MapValueToKey_AllMissing_HasNoKeyValues()
    {
        IDataView data = TextData("", null!);
        IDataView mapped = _context.Transforms.Conversion.MapValueToKey("K", "S").Fit(data).Transform(data);
        Assert.Equal("0:S:String; 1:K:Key<UInt32, 0-0>", SchemaText.Of(mapped));
        Assert.Equal("0 0", SchemaText.Of<uint>(mapped, "K"));
    }

    [Fact]
    public void MapValueToKey_AnnotationsAsText_NamesNumbers()
    {
        IDataView data = RealData(1.5f, -2);
        IDataView mapped = _context.Transforms.Conversion.MapValueToKey("K", "X", addKeyValueAnnotationsAsText: true).Fit(data).Transform(data);
        Assert.Equal("0:X:Single; 1:K:Key<UInt32, 0-1>{KeyValues:Vector<String, 2>=[1.5|-2]}", SchemaText.Of(mapped));
    }

    [Fact]
    public void MapValueToKey_SeveralColumns_TrainsEachByItself()
    {
        IDataView data = _context.Data.LoadFromEnumerable(new[] { new PairRow { A = "x", B = 2 }, new PairRow { A = "y", B = 2 }, new PairRow { A = "x", B = 7 } });
        IDataView mapped = _context.Transforms.Conversion.MapValueToKey([new InputOutputColumnPair("KA", "A"), new InputOutputColumnPair("B")]).Fit(data).Transform(data);
        Assert.Equal("1 2 1", SchemaText.Of<uint>(mapped, "KA"));
        Assert.Equal("1 1 2", SchemaText.Of<uint>(mapped, "B"));
        Assert.Equal("0:A:String; 1:B:Single(hidden); 2:KA:Key<UInt32, 0-1>{KeyValues:Vector<String, 2>=[x|y]}; 3:B:Key<UInt32, 0-1>{KeyValues:Vector<Single, 2>=[2|7]}", SchemaText.Of(mapped));
    }

    [Fact]
    public void MapValueToKey_Vectors_SharesKeysBetweenSlotsAndComesBack()
    {
        IDataView data = _context.Data.LoadFromEnumerable(new[] { new VectorRow { V = ["p", "q"] }, new VectorRow { V = ["q", ""] } });
        IDataView mapped = _context.Transforms.Conversion.MapValueToKey("K", "V").Fit(data).Transform(data);
        Assert.Equal("0:V:Vector<String, 2>; 1:K:Vector<Key<UInt32, 0-1>, 2>{KeyValues:Vector<String, 2>=[p|q]}", SchemaText.Of(mapped));
        Assert.Equal("<2:1,2> <2:2,0>", string.Join(" ", mapped.GetColumn<VBuffer<uint>>("K").Select(SchemaText.Vector)));
        IDataView back = _context.Transforms.Conversion.MapKeyToValue([new InputOutputColumnPair("B", "K")]).Fit(mapped).Transform(mapped);
        Assert.Equal("<2:p,q> <2:q,>", string.Join(" ", back.GetColumn<VBuffer<ReadOnlyMemory<char>>>("B").Select(SchemaText.Vector)));
    }

    [Fact]
    public void MapValueToKey_OfKeys_KeepsWhatTheyStandFor()
    {
        IDataView data = TextData("a", "b", "c");
        IDataView keys = _context.Transforms.Conversion.MapValueToKey("K", "S").Fit(data).Transform(data);
        IDataView twice = _context.Transforms.Conversion.MapValueToKey("L", "K").Fit(_context.Data.SkipRows(keys, 1)).Transform(keys);
        Assert.EndsWith("; 2:L:Key<UInt32, 0-1>{KeyValues:Vector<String, 2>=[b|c]}", SchemaText.Of(twice), StringComparison.Ordinal);
        Assert.Equal("0 1 2", SchemaText.Of<uint>(twice, "L"));
    }

    [Fact]
    public void MapKeyToValue_NotAKey_Throws()
    {
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => _context.Transforms.Conversion.MapKeyToValue("V", "X").Fit(RealData(1)));
        Assert.Equal("Metadata KeyValues does not exist", error.Message);
    }

    [Fact]
    public void MapValueToKey_MissingColumn_Throws()
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => _context.Transforms.Conversion.MapValueToKey("K", "nope").Fit(RealData(1)));
        Assert.Equal("Could not find input column 'nope' (Parameter 'inputSchema')", error.Message);
    }

    private IDataView TextData(params string[] values) => _context.Data.LoadFromEnumerable(values.Select(value => new TextRow { S = value }).ToList());

    private IDataView RealData(params float[] values) => _context.Data.LoadFromEnumerable(values.Select(value => new RealRow { X = value }).ToList());

    private sealed class TextRow
    {
        public string S { get; set; } = "";
    }

    private sealed class RealRow
    {
        public float X { get; set; }
    }

    private sealed class IntegerRow
    {
        public int I { get; set; }
    }

    private sealed class PairRow
    {
        public string A { get; set; } = "";

        public float B { get; set; }
    }

    private sealed class VectorRow
    {
        [VectorType(2)]
        public string[] V { get; set; } = [];
    }
}
