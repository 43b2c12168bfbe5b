using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>Custom mappings: schema, laziness, saving by contract name.</summary>
public sealed class CustomMappingTests
{
    private const string Contract = "CnnZoo.Tests.Sum";

    private readonly MLContext _context = new(1);

    [Fact]
    public void CustomMapping_TwoOutputs_CallsTheFunctionOncePerRow()
    {
        int calls = 0;
        IDataView mapped = Fit((input, output) =>
        {
            calls++;
            SumFactory.Sum(input, output);
        }, null);
        Assert.Equal("0:Name:String; 1:V:Vector<Single>; 2:Total:Single; 3:Label:String", SchemaText.Of(mapped));
        Assert.Equal(0, calls);
        Assert.Equal([("a: 3", 3f), ("b: 7.5", 7.5f)],
            _context.Data.CreateEnumerable<Output>(mapped, reuseRowObject: false).Select(row => (row.Label, row.Total)));
        Assert.Equal(2, calls);
        Assert.Equal(["a", "b"], mapped.GetColumn<string>("Name"));
        Assert.Equal(2, calls);
    }

    [Fact]
    public void CustomMapping_SavedWithContract_LoadsInAFreshContext()
    {
        IDataView data = Data();
        ITransformer model = _context.Transforms.CustomMapping<Input, Output>(new SumFactory().GetMapping(), Contract).Fit(data);
        using var stream = new MemoryStream();
        _context.Model.Save(model, data.Schema, stream);
        stream.Position = 0;
        ITransformer loaded = new MLContext().Model.Load(stream, out _);
        Assert.IsType<CustomMappingTransformer<Input, Output>>(loaded);
        Assert.Equal("3 7.5", SchemaText.Of<float>(loaded.Transform(data), "Total"));
    }

    [Fact]
    public void CustomMapping_WithoutContract_CannotBeSaved()
    {
        IDataView data = Data();
        ITransformer model = _context.Transforms.CustomMapping<Input, Output>(SumFactory.Sum, null).Fit(data);
        using var stream = new MemoryStream();
        Assert.Throws<InvalidOperationException>(() => _context.Model.Save(model, data.Schema, stream));
    }

    [Fact]
    public void CustomMapping_UnknownContract_CannotBeLoaded()
    {
        IDataView data = Data();
        ITransformer model = _context.Transforms.CustomMapping<Input, Output>(SumFactory.Sum, "CnnZoo.Tests.Nobody").Fit(data);
        using var stream = new MemoryStream();
        _context.Model.Save(model, data.Schema, stream);
        stream.Position = 0;
        Exception error = Assert.ThrowsAny<Exception>(() => new MLContext().Model.Load(stream, out _));
        Assert.Contains("CnnZoo.Tests.Nobody", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void CustomMapping_MissingInput_ThrowsBeforeTheFunctionRuns()
    {
        IDataView data = _context.Data.LoadFromEnumerable(new[] { new { Name = "a" } });
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => _context.Transforms.CustomMapping<Input, Output>(SumFactory.Sum, null).Fit(data));
        Assert.Equal("Could not find input column 'V' (Parameter 'inputSchema')", error.Message);
    }

    [Fact]
    public void CustomMapping_InPredictionEngine_SeesEveryExample()
    {
        ITransformer model = _context.Transforms.CustomMapping<Input, Output>(SumFactory.Sum, null).Fit(Data());
        using PredictionEngine<Input, Output> engine = _context.Model.CreatePredictionEngine<Input, Output>(model);
        Assert.Equal(3, engine.Predict(new Input { Name = "x", V = [1, 2] }).Total);
        Assert.Equal(9, engine.Predict(new Input { Name = "y", V = [4, 5] }).Total);
    }

    private IDataView Fit(Action<Input, Output> map, string? contract)
    {
        IDataView data = Data();
        return _context.Transforms.CustomMapping(map, contract).Fit(data).Transform(data);
    }

    private IDataView Data() => _context.Data.LoadFromEnumerable(new[] { new Input { Name = "a", V = [1, 2] }, new Input { Name = "b", V = [3, 4, 0.5f] } });

    public sealed class Input
    {
        public string Name { get; set; } = "";

        public float[] V { get; set; } = [];
    }

    public sealed class Output
    {
        public float Total { get; set; }

        public string Label { get; set; } = "";
    }

    [CustomMappingFactoryAttribute(Contract)]
    public sealed class SumFactory : CustomMappingFactory<Input, Output>
    {
        public static void Sum(Input input, Output output)
        {
            output.Total = input.V.Sum();
            output.Label = FormattableString.Invariant($"{input.Name}: {output.Total}");
        }

        public override Action<Input, Output> GetMapping() => Sum;
    }
}
