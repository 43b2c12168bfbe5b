using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

[assembly: LoadableClass(
    typeof(ImagePixelExtractingTransformer), typeof(ImagePixelExtractingTransformer), null, typeof(SignatureLoadModel), "",
    ImagePixelExtractingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms.Image;

/// <summary>Turns images into vectors of numbers.</summary>
public sealed class ImagePixelExtractingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "ImagePixelExtractor";

    private readonly PixelExtraction _extraction;

    internal ImagePixelExtractingTransformer(IHostEnvironment env, string outputColumnName, string inputColumnName, PixelExtraction extraction)
        : base(env.Register(nameof(ImagePixelExtractingTransformer)), (outputColumnName, inputColumnName))
    {
        extraction.Layout.Checked();
        _extraction = extraction;
    }

    private ImagePixelExtractingTransformer(IHostEnvironment env, ModelLoadContext ctx)
        : base(env.Register(nameof(ImagePixelExtractingTransformer)), LoadColumns(ctx)) => _extraction = PixelExtraction.Load(ctx.Reader);

    private static ImagePixelExtractingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        return new ImagePixelExtractingTransformer(env, ctx);
    }

    private static VersionInfo Version => new(
        "IMGPXEXT", 0x00010003, 0x00010003, 0x00010003, typeof(ImagePixelExtractingTransformer).Assembly.FullName, LoaderSignature);

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Version);
        SaveColumns(ctx);
        _extraction.Save(ctx.Writer);
    }

    private protected override RowMapper MakeRowMapper(DataViewSchema inputSchema) => new Mapper(inputSchema, this);

    private sealed class Mapper : ImageRowMapper
    {
        private readonly PixelExtraction _extraction;
        private readonly int _height;
        private readonly int _width;
        private readonly VectorDataViewType _type;

        public Mapper(DataViewSchema inputSchema, ImagePixelExtractingTransformer parent)
            : base(inputSchema, parent.ColumnPairs)
        {
            _extraction = parent._extraction;
            ImageDataViewType image = ImageTypeOfSource();
            ImageSize.Check(image.Height, image.Width);
            _height = image.Height;
            _width = image.Width;
            _type = new VectorDataViewType(_extraction.ItemType, _extraction.Layout.Dimensions(_height, _width));
        }

        protected override DataViewType OutputType => _type;

        protected override Delegate CreateGetter(DataViewRow input, out Action disposer) =>
            _extraction.AsFloat
                ? CreateGetter(input, _extraction.FloatOfByte(), out disposer)
                : CreateGetter(input, PixelExtraction.ByteOfByte(), out disposer);

        private ValueGetter<VBuffer<T>> CreateGetter<T>(DataViewRow input, T[] table, out Action disposer)
        {
            MLImage source = null;
            disposer = () => source?.Dispose();
            ValueGetter<MLImage> getSource = input.GetGetter<MLImage>(Source);
            return (ref VBuffer<T> dst) =>
            {
                getSource(ref source);
                if (source is null)
                {
                    dst = VBufferEditor.Create(ref dst, _type.Size, 0).Commit();
                    return;
                }
                CheckSize(source);
                VBufferEditor<T> editor = VBufferEditor.Create(ref dst, _type.Size);
                _extraction.Extract(source, table, editor.Values);
                dst = editor.Commit();
            };
        }

        private void CheckSize(MLImage image)
        {
            if (image.Height != _height || image.Width != _width)
                throw new InvalidOperationException(
                    $"Image dimensions of column '{Source.Name}' do not match: the column's type says {Source.Type} (height, width), " +
                    $"this image has height {image.Height} and width {image.Width}.");
        }
    }
}
