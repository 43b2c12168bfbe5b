using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

[assembly: LoadableClass(
    typeof(ImageGrayscalingTransformer), typeof(ImageGrayscalingTransformer), null, typeof(SignatureLoadModel), "", ImageGrayscalingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms.Image;

/// <summary>Makes red, green and blue 0.3 red + 0.59 green + 0.11 blue, rounded; alpha stays.</summary>
public sealed class ImageGrayscalingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "ImageGrayscaleTransform";

    internal ImageGrayscalingTransformer(IHostEnvironment env, string outputColumnName, string inputColumnName)
        : base(env.Register(nameof(ImageGrayscalingTransformer)), (outputColumnName, inputColumnName))
    {
    }

    private ImageGrayscalingTransformer(IHostEnvironment env, ModelLoadContext ctx)
        : base(env.Register(nameof(ImageGrayscalingTransformer)), LoadColumns(ctx))
    {
    }

    private static ImageGrayscalingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        return new ImageGrayscalingTransformer(env, ctx);
    }

    private static VersionInfo Version => new(
        "IMGGREYT", 0x00010001, 0x00010001, 0x00010001, typeof(ImageGrayscalingTransformer).Assembly.FullName, LoaderSignature);

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Version);
        SaveColumns(ctx);
    }

    private protected override RowMapper MakeRowMapper(DataViewSchema inputSchema) => new Mapper(inputSchema, this);

    private static MLImage ToGray(MLImage image)
    {
        ReadOnlySpan<byte> from = image.Pixels;
        int red = image.RedOffset;
        byte[] to = GC.AllocateUninitializedArray<byte>(from.Length);
        for (int i = 0; i < to.Length; i += 4)
        {
            byte gray = (byte)(((30 * from[i + red]) + (59 * from[i + 1]) + (11 * from[i + 2 - red]) + 50) / 100);
            to[i] = to[i + 1] = to[i + 2] = gray;
            to[i + 3] = from[i + 3];
        }
        return MLImage.Own(image.Width, image.Height, image.PixelFormat, to);
    }

    private sealed class Mapper : ImageRowMapper
    {
        public Mapper(DataViewSchema inputSchema, ImageGrayscalingTransformer parent)
            : base(inputSchema, parent.ColumnPairs) => OutputType = ImageTypeOfSource();

        protected override DataViewType OutputType { get; }

        protected override Delegate CreateGetter(DataViewRow input, out Action disposer) => MapImages(input, ToGray, out disposer);
    }
}
