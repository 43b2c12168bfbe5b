using System.Numerics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

[assembly: LoadableClass(
    typeof(VectorToImageConvertingTransformer), typeof(VectorToImageConvertingTransformer), null, typeof(SignatureLoadModel), "",
    VectorToImageConvertingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms.Image;

/// <summary>Turns vectors of numbers into images.</summary>
public sealed class VectorToImageConvertingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "VectorToImageTransform";

    private readonly ImageComposition _composition;

    internal VectorToImageConvertingTransformer(IHostEnvironment env, string outputColumnName, string inputColumnName, ImageComposition composition)
        : base(env.Register(nameof(VectorToImageConvertingTransformer)), (outputColumnName, inputColumnName))
    {
        composition.Check();
        _composition = composition;
    }

    private VectorToImageConvertingTransformer(IHostEnvironment env, ModelLoadContext ctx)
        : base(env.Register(nameof(VectorToImageConvertingTransformer)), LoadColumns(ctx))
    {
        _composition = ImageComposition.Load(ctx.Reader);
        _composition.Check();
    }

    private static VectorToImageConvertingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        return new VectorToImageConvertingTransformer(env, ctx);
    }

    private static VersionInfo Version => new(
        "VECTOIMG", 0x00010003, 0x00010003, 0x00010003, typeof(VectorToImageConvertingTransformer).Assembly.FullName, LoaderSignature);

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Version);
        SaveColumns(ctx);
        _composition.Save(ctx.Writer);
    }

    private protected override RowMapper MakeRowMapper(DataViewSchema inputSchema) => new Mapper(inputSchema, this);

    private sealed class Mapper : ImageRowMapper
    {
        private readonly ImageComposition _composition;
        private readonly DataViewType _itemType;

        public Mapper(DataViewSchema inputSchema, VectorToImageConvertingTransformer parent)
            : base(inputSchema, parent.ColumnPairs)
        {
            _composition = parent._composition;
            if (Source.Type is not VectorDataViewType { IsKnownSize: true } vector || !ImageComposition.Accepts(vector.ItemType))
                throw SchemaErrors.Mismatch(nameof(inputSchema), "input", Source.Name, ImageComposition.AcceptedTypes, Source.Type.ToString());
            if (vector.Size != _composition.VectorSize)
                throw new ArgumentOutOfRangeException(
                    nameof(inputSchema),
                    $"Input column '{Source.Name}' of type {vector} has {vector.Size} values, and an image of height {_composition.Height}, " +
                    $"width {_composition.Width} and {_composition.Layout.Channels} channels takes {_composition.VectorSize}.");
            _itemType = vector.ItemType;
        }

        protected override DataViewType OutputType => _composition.Type;

        protected override Delegate CreateGetter(DataViewRow input, out Action disposer)
        {
            if (_itemType == NumberDataViewType.Byte)
                return CreateGetter<byte>(input, out disposer);
            return _itemType == NumberDataViewType.Double ? CreateGetter<double>(input, out disposer) : CreateGetter<float>(input, out disposer);
        }

        private ValueGetter<MLImage> CreateGetter<T>(DataViewRow input, out Action disposer)
            where T : INumberBase<T>
        {
            MLImage last = null;
            disposer = () => last?.Dispose();
            VBuffer<T> source = default;
            VBuffer<T> dense = default;
            ValueGetter<VBuffer<T>> getSource = input.GetGetter<VBuffer<T>>(Source);
            return (ref MLImage dst) =>
            {
                dst?.Dispose();
                dst = null;
                getSource(ref source);
                if (source.Length == 0)
                    return;
                if (source.Length != _composition.VectorSize)
                    throw new InvalidOperationException(
                        $"Column '{Source.Name}': expected a vector of {_composition.VectorSize} values, got {source.Length}.");
                source.CopyToDense(ref dense);
                dst = last = _composition.Compose(dense.GetValues());
            };
        }
    }
}
