using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

[assembly: LoadableClass(
    typeof(ImageLoadingTransformer), typeof(ImageLoadingTransformer), null, typeof(SignatureLoadModel), "", ImageLoadingTransformer.LoaderSignature)]

namespace Microsoft.ML.Data;

/// <summary>Reads image files whose paths stand in a text column: as images or as the files' bytes.</summary>
public sealed class ImageLoadingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "ImageLoaderTransform";

    /// <summary>The folder that relative paths start from; null for the current one.</summary>
    public readonly string ImageFolder;

    private readonly bool _decode;

    internal ImageLoadingTransformer(IHostEnvironment env, string outputColumnName, string inputColumnName, string imageFolder, bool decode)
        : base(env.Register(nameof(ImageLoadingTransformer)), (outputColumnName, inputColumnName))
    {
        if (!string.IsNullOrEmpty(imageFolder))
        {
            if (!Directory.Exists(imageFolder))
                throw new ArgumentException($"Directory \"{imageFolder}\" does not exist.");
            ImageFolder = Path.GetFullPath(imageFolder);
        }
        _decode = decode;
    }

    private ImageLoadingTransformer(IHostEnvironment env, ModelLoadContext ctx)
        : base(env.Register(nameof(ImageLoadingTransformer)), LoadColumns(ctx))
    {
        // The folder may have gone since: that shows when a file is asked for.
        ImageFolder = ctx.LoadStringOrNull();
        _decode = ctx.Reader.ReadBoolean();
    }

    private static ImageLoadingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        return new ImageLoadingTransformer(env, ctx);
    }

    private static VersionInfo Version => new(
        "IMGLOADT", 0x00010001, 0x00010001, 0x00010001, typeof(ImageLoadingTransformer).Assembly.FullName, LoaderSignature);

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Version);
        SaveColumns(ctx);
        ctx.SaveStringOrNull(ImageFolder);
        ctx.Writer.Write(_decode);
    }

    private protected override RowMapper MakeRowMapper(DataViewSchema inputSchema) => new Mapper(inputSchema, this);

    private sealed class Mapper : ImageRowMapper
    {
        private readonly ImageLoadingTransformer _parent;

        public Mapper(DataViewSchema inputSchema, ImageLoadingTransformer parent)
            : base(inputSchema, parent.ColumnPairs)
        {
            _parent = parent;
            if (Source.Type is not TextDataViewType)
                throw SchemaErrors.Mismatch(nameof(inputSchema), "input", Source.Name, "String", Source.Type.ToString());
        }

        protected override DataViewType OutputType => _parent._decode ? new ImageDataViewType() : new VectorDataViewType(NumberDataViewType.Byte);

        protected override Delegate CreateGetter(DataViewRow input, out Action disposer)
        {
            ValueGetter<ReadOnlyMemory<char>> getText = input.GetGetter<ReadOnlyMemory<char>>(Source);
            disposer = null;
            return _parent._decode ? CreateImageGetter(getText, out disposer) : CreateBytesGetter(getText);
        }

        private ValueGetter<MLImage> CreateImageGetter(ValueGetter<ReadOnlyMemory<char>> getText, out Action disposer)
        {
            MLImage last = null;
            disposer = () => last?.Dispose();
            ReadOnlyMemory<char> text = default;
            return (ref MLImage dst) =>
            {
                dst?.Dispose();
                dst = null;
                getText(ref text);
                dst = last = text.IsEmpty ? null : LoadImage(PathOf(text));
            };
        }

        private ValueGetter<VBuffer<byte>> CreateBytesGetter(ValueGetter<ReadOnlyMemory<char>> getText)
        {
            ReadOnlyMemory<char> text = default;
            return (ref VBuffer<byte> dst) =>
            {
                getText(ref text);
                if (text.IsEmpty)
                    dst = VBufferEditor.Create(ref dst, 0).Commit();
                else
                    ReadBytes(PathOf(text), ref dst);
            };
        }

        private string PathOf(ReadOnlyMemory<char> text) =>
            _parent.ImageFolder is null ? text.ToString() : Path.Combine(_parent.ImageFolder, text.ToString());

        private static MLImage LoadImage(string path)
        {
            byte[] encoded = File.ReadAllBytes(path);
            MLImage image = MLImage.Decode(encoded, "Invalid input stream contents", "imageStream", path);
            image.Tag = path;
            return image;
        }

        private static void ReadBytes(string path, ref VBuffer<byte> dst)
        {
            using FileStream file = File.OpenRead(path);
            VBufferEditor<byte> editor = VBufferEditor.Create(ref dst, checked((int)file.Length));
            file.ReadExactly(editor.Values);
            dst = editor.Commit();
        }
    }
}
