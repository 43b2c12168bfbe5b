using System.IO.Compression;
using System.Text;
using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

public class ModelFileTests
{
    private readonly MLContext _context = new(1);

    public ModelFileTests() => ExternalScaleTransformer.Register(_context);

    [Fact]
    public void SaveLoad_ChainOfExternalTransformers_GivesTheSameScores()
    {
        byte[] file = Save(Chain(), View().Schema);
        ITransformer loaded = _context.Model.Load(new MemoryStream(file), out DataViewSchema schema);
        Assert.IsType<TransformerChain<ITransformer>>(loaded);
        Assert.Equal(["X: Single"], schema.Select(c => c.ToString()));
        Assert.Equal([6f, 12f], loaded.Transform(View()).GetColumn<float>("Z"));
        Assert.Equal(file.Length, Save(loaded, schema).Length);
    }

    [Fact]
    public void Save_Chain_HasMLNetsLayout()
    {
        using var zip = new ZipArchive(new MemoryStream(Save(Chain(), View().Schema)));
        Assert.Equal(
            ["Schema", "TrainingInfo/Version.txt", "TransformerChain/Model.key", "TransformerChain/Transform_000/Model.key", "TransformerChain/Transform_000/Weights.bin",
             "TransformerChain/Transform_001/Model.key", "TransformerChain/Transform_001/Weights.bin"],
            zip.Entries.Select(e => e.FullName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Save_ModelKey_HasHeaderAssemblyNameAndTail()
    {
        byte[] key = Entry(Save(new ExternalScaleTransformer("Y", "X", 2), null), "TransformerChain/Model.key");
        Assert.Equal("ML\0MODEL", Encoding.ASCII.GetString(key, 0, 8));
        Assert.Equal(0x00010002u, BitConverter.ToUInt32(key, 8));
        Assert.Equal(256, BitConverter.ToInt64(key, 0x10));
        Assert.Equal("TESTSCAL", Encoding.ASCII.GetString(key, 0x40, 8));
        Assert.Equal(ExternalScaleTransformer.LoaderSignature, Encoding.ASCII.GetString(key, 0x50, 24).TrimEnd('\0'));
        int name = (int)BitConverter.ToInt64(key, 0x90), length = BitConverter.ToInt32(key, 0x98);
        Assert.Equal(typeof(ModelFileTests).Assembly.FullName, Encoding.Unicode.GetString(key, name, length));
        Assert.Equal("LEDOM\0LM", Encoding.ASCII.GetString(key, key.Length - 8, 8));
        Assert.Equal(key.Length, BitConverter.ToInt64(key, 0x88));
    }

    [Fact]
    public void SaveLoad_SingleTransformerAndNullSchema_ComeBackAsThemselves()
    {
        byte[] file = Save(new ExternalScaleTransformer("Y", "X", 2), null);
        ITransformer loaded = _context.Model.Load(new MemoryStream(file), out DataViewSchema schema);
        Assert.IsType<ExternalScaleTransformer>(loaded);
        Assert.Null(schema);
    }

    [Fact]
    public void SaveLoad_SchemaWithAllTypesAndAnnotations_ComesBack()
    {
        DataViewSchema schema = AnnotatedSchema();
        _context.Model.Load(new MemoryStream(Save(Chain(), schema)), out DataViewSchema back);
        Assert.Equal(schema.Select(c => c.ToString()), back.Select(c => c.ToString()));
        Assert.True(back["Label"].HasKeyValues(TextDataViewType.Instance));
        Assert.True(back["Label"].IsNormalized());
        VBuffer<ReadOnlyMemory<char>> names = default;
        back["Label"].GetKeyValues(ref names);
        Assert.Equal(["a", "", "é"], names.DenseValues().Select(n => n.ToString()));
        VBuffer<float> sparse = default;
        back["Label"].Annotations.GetValue("Sparse", ref sparse);
        Assert.Equal((9, 1, 2.5f), (sparse.Length, sparse.GetValues().Length, sparse.GetItemOrDefault(4)));
        DateTimeOffset when = default;
        back["Label"].Annotations.GetValue("When", ref when);
        Assert.Equal(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(-3)), when);
    }

    [Fact]
    public void Load_UnregisteredSignature_ThrowsFormatException()
    {
        byte[] file = Save(new ExternalScaleTransformer("Y", "X", 2), null);
        var ex = Assert.Throws<FormatException>(() => new MLContext().Model.Load(new MemoryStream(file), out _));
        Assert.StartsWith("Couldn't load model: 'TransformerChain'", ex.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_NotAZip_ThrowsFormatException()
    {
        foreach (byte[] file in new[] { [], "this is a text file"u8.ToArray(), new byte[1000] })
            Assert.Throws<FormatException>(() => _context.Model.Load(new MemoryStream(file), out _));
    }

    [Fact]
    public void Load_ForeignZip_SaysWhatIsMissing()
    {
        var file = new MemoryStream();
        using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
            zip.CreateEntry("readme.txt").Open().Dispose();
        var ex = Assert.Throws<FormatException>(() => _context.Model.Load(file, out _));
        Assert.Equal("Corrupt model file: there is no 'TransformerChain/Model.key'", ex.Message);
    }

    [Fact]
    public void Load_FileCutAnywhere_ThrowsFormatOrInvalidOperation()
    {
        byte[] file = Save(Chain(), View().Schema);
        for (int length = 0; length < file.Length; length += 37)
            AssertClearError(file[..length]);
    }

    [Theory]
    [InlineData("Schema")]
    [InlineData("TransformerChain/Model.key")]
    [InlineData("TransformerChain/Transform_001/Model.key")]
    public void Load_EntryCutAnywhere_ThrowsFormatOrInvalidOperation(string name)
    {
        byte[] file = Save(Chain(), View().Schema), content = Entry(file, name);
        for (int length = 0; length < content.Length; length += 5)
            AssertClearError(Replace(file, name, content[..length]));
    }

    [Theory]
    [InlineData("Schema")]
    [InlineData("TransformerChain/Model.key")]
    [InlineData("TransformerChain/Transform_001/Model.key")]
    public void Load_EntryWithAChangedByte_LoadsOrThrowsFormatOrInvalidOperation(string name)
    {
        byte[] file = Save(Chain(), AnnotatedSchema()), content = Entry(file, name);
        int errors = 0;
        for (int at = 0; at < content.Length; at += 1 + (content.Length / 300))
        {
            byte[] changed = [.. content];
            changed[at] ^= (byte)(at % 2 == 0 ? 0xFF : 0x01);
            Exception? ex = Record.Exception(() => _context.Model.Load(new MemoryStream(Replace(file, name, changed)), out _));
            Assert.True(ex is null or FormatException or InvalidOperationException, $"byte {at}: {ex}");
            errors += ex == null ? 0 : 1;
        }
        Assert.True(errors > 20, $"only {errors} of {content.Length} changes were noticed");
    }

    [Fact]
    public void Load_OtherVersionOfTheFrame_IsRefused()
    {
        byte[] file = Save(Chain(), null), key = Entry(file, "TransformerChain/Model.key");
        key[8] = key[12] = 3;
        var ex = Assert.Throws<FormatException>(() => _context.Model.Load(new MemoryStream(Replace(file, "TransformerChain/Model.key", key)), out _));
        Assert.Equal("File is too new", ex.Message);
    }

    [Fact]
    public void Register_SameAssemblyTwice_IsHarmless()
    {
        ExternalScaleTransformer.Register(_context);
        _context.ComponentCatalog.RegisterAssembly(typeof(ModelFileTests).Assembly);
        _context.ComponentCatalog.RegisterAssembly(typeof(ModelFileTests).Assembly);
        Assert.NotNull(_context.Model.Load(new MemoryStream(Save(Chain(), null)), out _));
    }

    private DataViewSchema AnnotatedSchema()
    {
        var builder = new DataViewSchema.Builder();
        foreach (DataViewSchema.Column column in _context.Data.LoadFromEnumerable(new[] { new EnumerableTests.Everything() }).Schema)
            builder.AddColumn(column.Name, column.Type);
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.Add("KeyValues", new VectorDataViewType(TextDataViewType.Instance, 3), Vector<ReadOnlyMemory<char>>(new(3, ["a".AsMemory(), "".AsMemory(), "é".AsMemory()])));
        annotations.Add("Sparse", new VectorDataViewType(NumberDataViewType.Single), Vector<float>(new(9, 1, [2.5f], [4])));
        annotations.AddPrimitiveValue("IsNormalized", BooleanDataViewType.Instance, true);
        annotations.AddPrimitiveValue("When", DateTimeOffsetDataViewType.Instance, new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(-3)));
        builder.AddColumn("Label", new KeyDataViewType(typeof(uint), 3), annotations.ToAnnotations());
        return builder.ToSchema();
    }

    private static TransformerChain<ExternalScaleTransformer> Chain() =>
        new ExternalScaleTransformer("Y", "X", 2).Append(new ExternalScaleTransformer("Z", "Y", 3));

    private static ValueGetter<VBuffer<T>> Vector<T>(VBuffer<T> vector) => (ref VBuffer<T> destination) => vector.CopyTo(ref destination);

    private static byte[] Entry(byte[] file, string name)
    {
        using var zip = new ZipArchive(new MemoryStream(file));
        var content = new MemoryStream();
        using Stream stream = zip.GetEntry(name)!.Open();
        stream.CopyTo(content);
        return content.ToArray();
    }

    private static byte[] Replace(byte[] file, string name, byte[] content)
    {
        var changed = new MemoryStream();
        changed.Write(file);
        using (var zip = new ZipArchive(changed, ZipArchiveMode.Update, leaveOpen: true))
        {
            zip.GetEntry(name)!.Delete();
            using Stream stream = zip.CreateEntry(name).Open();
            stream.Write(content);
        }
        return changed.ToArray();
    }

    private void AssertClearError(byte[] file)
    {
        Exception? ex = Record.Exception(() => _context.Model.Load(new MemoryStream(file), out _));
        Assert.True(ex is FormatException or InvalidOperationException, $"{ex}");
    }

    private IDataView View() => _context.Data.LoadFromEnumerable([new CursorTests.Number { X = 1 }, new CursorTests.Number { X = 2 }]);

    private byte[] Save(ITransformer model, DataViewSchema? schema)
    {
        var stream = new MemoryStream();
        _context.Model.Save(model, schema, stream);
        return stream.ToArray();
    }
}
