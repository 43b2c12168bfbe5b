using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

[assembly: LoadableClass(
    typeof(ImageResizingTransformer), typeof(ImageResizingTransformer), null, typeof(SignatureLoadModel), "", ImageResizingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms.Image;

/// <summary>Brings images to one size.</summary>
public sealed class ImageResizingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "ImageScalerTransform";

    private readonly ImageResizing _resizing;

    internal ImageResizingTransformer(IHostEnvironment env, string outputColumnName, string inputColumnName, in ImageResizing resizing)
        : base(env.Register(nameof(ImageResizingTransformer)), (outputColumnName, inputColumnName)) => _resizing = resizing.Checked();

    private ImageResizingTransformer(IHostEnvironment env, ModelLoadContext ctx)
        : base(env.Register(nameof(ImageResizingTransformer)), LoadColumns(ctx)) => _resizing = ImageResizing.Load(ctx.Reader);

    private static ImageResizingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        return new ImageResizingTransformer(env, ctx);
    }

    private static VersionInfo Version => new(
        "IMGSCALF", 0x00010003, 0x00010003, 0x00010003, typeof(ImageResizingTransformer).Assembly.FullName, LoaderSignature);

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Version);
        SaveColumns(ctx);
        _resizing.Save(ctx.Writer);
    }

    private protected override RowMapper MakeRowMapper(DataViewSchema inputSchema) => new Mapper(inputSchema, this);

    private sealed class Mapper : ImageRowMapper
    {
        private readonly ImageResizing _resizing;

        public Mapper(DataViewSchema inputSchema, ImageResizingTransformer parent)
            : base(inputSchema, parent.ColumnPairs)
        {
            _resizing = parent._resizing;
            ImageTypeOfSource();
        }

        protected override DataViewType OutputType => _resizing.Type;

        protected override Delegate CreateGetter(DataViewRow input, out Action disposer) => MapImages(input, _resizing.Apply, out disposer);
    }
}
