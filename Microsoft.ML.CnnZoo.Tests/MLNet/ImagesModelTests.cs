using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Xunit;
using static Microsoft.ML.Transforms.Image.ImagePixelExtractingEstimator;
using static Microsoft.ML.Transforms.Image.ImageResizingEstimator;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>Image transforms saved in a model and loaded by another MLContext, and in prediction engines.</summary>
public sealed class ImagesModelTests : IDisposable
{
    private readonly MLContext _context = new(seed: 1);
    private readonly ImageFiles _files = new();

    public void Dispose() => _files.Dispose();

    private sealed class PixelRow
    {
        public float[] P { get; set; } = [];
    }

    private IEstimator<ITransformer> Pipeline() => _context.Transforms.LoadImages("I", _files.Folder, "S")
        .Append(_context.Transforms.ResizeImages("R", 5, 4, "I", ResizingKind.IsoCrop, Anchor.Top))
        .Append(_context.Transforms.ResizeImages("F", 5, 4, "I", ResizingKind.Fill))
        .Append(_context.Transforms.ConvertToGrayscale("G", "F"))
        .Append(_context.Transforms.ExtractPixels(
            "P", "R", ColorBits.Red | ColorBits.Blue, ColorsOrder.ABGR, interleavePixelColors: true, offsetImage: 3, scaleImage: 0.25f))
        .Append(_context.Transforms.ExtractPixels("B", "G", outputAsFloatArray: false))
        .Append(_context.Transforms.ConvertToImage(
            4, 5, "J", "P", ColorBits.Red | ColorBits.Blue, ColorsOrder.AGBR, interleavedColors: true, 4, -3, 250, 1, 2, 3))
        .Append(_context.Transforms.LoadRawImageBytes("Raw", _files.Folder, "S"));

    private IDataView Paths()
    {
        for (int i = 0; i < 3; i++)
        {
            using MLImage image = ImageFiles.Noise(9 + i, 7, seed: i);
            _files.Save($"{i}.png", image);
        }
        return ImageRows.Paths(_context, "0.png", "1.png", "2.png");
    }

    private ITransformer SaveAndLoad(ITransformer model, DataViewSchema schema)
    {
        using var zip = new MemoryStream();
        _context.Model.Save(model, schema, zip);
        zip.Position = 0;
        return new MLContext(seed: 2).Model.Load(zip, out _);
    }

    [Fact]
    public void SaveAndLoad_EveryTransform_GivesTheSame()
    {
        IDataView paths = Paths();
        ITransformer model = Pipeline().Fit(paths);
        IDataView expected = model.Transform(paths);
        IDataView actual = SaveAndLoad(model, paths.Schema).Transform(paths);
        Assert.Equal(
            expected.Schema.Select(column => $"{column.Name}: {column.Type}"), actual.Schema.Select(column => $"{column.Name}: {column.Type}"));
        Assert.Equal(ImageRows.Floats(expected, "P"), ImageRows.Floats(actual, "P"));
        foreach (string column in (string[])["I", "R", "F", "G", "J"])
            Assert.Equal(Pixels(expected, column), Pixels(actual, column));
        foreach (string column in (string[])["B", "Raw"])
            Assert.Equal(Bytes(expected, column), Bytes(actual, column));
    }

    [Fact]
    public void SaveAndLoad_SingleTransformer_ComesBackAsItself()
    {
        IDataView paths = Paths();
        ImageLoadingTransformer model = _context.Transforms.LoadImages("I", _files.Folder, "S").Fit(paths);
        ImageLoadingTransformer loaded = Assert.IsType<ImageLoadingTransformer>(SaveAndLoad(model, paths.Schema));
        Assert.Equal(_files.Folder, loaded.ImageFolder);
    }

    [Fact]
    public void PredictionEngine_FromPathToPixels()
    {
        IDataView paths = Paths();
        ITransformer model = Pipeline().Fit(paths);
        List<float[]> expected = ImageRows.Floats(model.Transform(paths), "P");
        using PredictionEngine<PathRow, PixelRow> engine = _context.Model.CreatePredictionEngine<PathRow, PixelRow>(model);
        for (int i = 0; i < 3; i++)
            Assert.Equal(expected[i], engine.Predict(new PathRow { S = $"{i}.png" }).P);
        Assert.Throws<FileNotFoundException>(() => engine.Predict(new PathRow { S = "none.png" }));
        Assert.Equal(expected[0], engine.Predict(new PathRow { S = "0.png" }).P);
    }

    [Fact]
    public void Fit_WrongColumnLateInTheChain_ThrowsBeforeAnyFileIsRead()
    {
        IDataView paths = ImageRows.Paths(_context, "none.png");
        ArgumentOutOfRangeException e = Assert.Throws<ArgumentOutOfRangeException>(() => _context.Transforms.LoadImages("I", null, "S")
            .Append(_context.Transforms.ResizeImages("R", 5, 4, "S")).Fit(paths));
        Assert.StartsWith("Schema mismatch for input column 'S': expected Image, got String", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OutputOfTheInputsName_HidesIt()
    {
        IDataView paths = Paths();
        IDataView view = _context.Transforms.LoadImages("I", _files.Folder, "S")
            .Append(_context.Transforms.ResizeImages("I", 5, 4))
            .Append(_context.Transforms.ExtractPixels("I")).Fit(paths).Transform(paths);
        Assert.Equal(["S: False", "I: True", "I: True", "I: False"], view.Schema.Select(column => $"{column.Name}: {column.IsHidden}"));
        Assert.Equal("Vector<Single, 3, 4, 5>", view.Schema["I"].Type.ToString());
        Assert.Equal(3, ImageRows.Floats(view, "I").Count);
    }

    private static List<byte[]> Pixels(IDataView view, string column) => ImageRows.Read(view, column, (MLImage image) => image.Pixels.ToArray());

    private static List<byte[]> Bytes(IDataView view, string column) =>
        ImageRows.Read(view, column, (VBuffer<byte> bytes) => bytes.DenseValues().ToArray());
}
