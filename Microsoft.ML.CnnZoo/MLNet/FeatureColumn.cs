using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>In what form images come.</summary>
internal enum FeatureKind
{
    /// <summary>MLImage, of one size or of any.</summary>
    Image,
    /// <summary>Vector&lt;Byte&gt; of unknown size: encoded files.</summary>
    EncodedImage,
    /// <summary>Vector&lt;Byte&gt; of known size: pixels.</summary>
    BytePixels,
    /// <summary>Vector&lt;Single&gt; of known size: pixels, scaled as the user likes.</summary>
    FloatPixels,
}

/// <summary>What the user says about pixel vectors; zeros where the column's dimensions say it.</summary>
/// <param name="Layout">Order of the values.</param>
/// <param name="Height">Rows of the images in a flat vector; 0: found out.</param>
/// <param name="Width">Columns; 0: found out.</param>
/// <param name="Channels">Values per pixel; 0: found out.</param>
internal sealed record PixelVectorFormat(PixelLayout Layout, int Height, int Width, int Channels);

/// <summary>A feature column, checked: its form, and the size of its pixel vectors.</summary>
/// <param name="Column">The column.</param>
/// <param name="Kind">Form of the images.</param>
/// <param name="Format">Order and size of pixel vectors; unused for images.</param>
internal readonly record struct FeatureColumn(DataViewSchema.Column Column, FeatureKind Kind, PixelFormat Format)
{
    private const string Parameter = "inputSchema", Role = "feature";
    private const string Expected = "Image, known-size vector of Single or Byte holding pixels, or vector of Byte of "
        + "unknown size holding encoded images";

    /// <summary>Whether values are floats, scaled by the user, rather than bytes 0…255.</summary>
    public bool HoldsFloats => Kind == FeatureKind.FloatPixels;

    /// <summary>Height and width of all images; zeros where they are not known beforehand.</summary>
    public (int Height, int Width) Size => Column.Type is ImageDataViewType image
        ? (image.Height, image.Width) : (Format.Height, Format.Width);

    /// <summary>Finds and checks a column.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing, or holds no images.</exception>
    public static FeatureColumn Bind(DataViewSchema schema, string name, PixelVectorFormat format, ImageShape network)
    {
        DataViewSchema.Column column = schema.GetColumnOrNull(name)
            ?? throw Contracts.ExceptSchemaMismatch(Parameter, Role, name);
        switch (column.Type)
        {
            case ImageDataViewType:
                return new(column, FeatureKind.Image, default);
            case VectorDataViewType { IsKnownSize: false } vector when vector.ItemType == NumberDataViewType.Byte:
                return new(column, FeatureKind.EncodedImage, default);
            case VectorDataViewType { IsKnownSize: true } vector when vector.ItemType == NumberDataViewType.Byte:
                return new(column, FeatureKind.BytePixels, FindFormat(name, vector, format, network));
            case VectorDataViewType { IsKnownSize: true } vector when vector.ItemType == NumberDataViewType.Single:
                return new(column, FeatureKind.FloatPixels, FindFormat(name, vector, format, network));
            default:
                throw Contracts.ExceptSchemaMismatch(Parameter, Role, name, Expected, column.Type.ToString()!);
        }
    }

    /// <summary>The check that is possible before sizes are known.</summary>
    public static void CheckShape(SchemaShape schema, string name)
    {
        SchemaShape.Column column = schema.FirstOrDefault(c => c.Name == name);
        if (column.Name is null)
            throw Contracts.ExceptSchemaMismatch(Parameter, Role, name);
        bool fits = column.Kind switch
        {
            SchemaShape.Column.VectorKind.Scalar => column.ItemType is ImageDataViewType,
            SchemaShape.Column.VectorKind.Vector => !column.IsKey
                && (column.ItemType == NumberDataViewType.Single || column.ItemType == NumberDataViewType.Byte),
            _ => !column.IsKey && column.ItemType == NumberDataViewType.Byte,
        };
        if (!fits)
            throw Contracts.ExceptSchemaMismatch(Parameter, Role, name, Expected, Describe(column));
    }

    /// <summary>A column's type in words.</summary>
    public static string Describe(SchemaShape.Column column)
    {
        string item = column.IsKey ? $"Key<{column.ItemType}>" : column.ItemType.ToString()!;
        return column.Kind switch
        {
            SchemaShape.Column.VectorKind.Vector => $"Vector<{item}>",
            SchemaShape.Column.VectorKind.VariableVector => $"VarVector<{item}>",
            _ => item,
        };
    }

    private static PixelFormat FindFormat(string name, VectorDataViewType type, PixelVectorFormat format, ImageShape network)
    {
        int[] dims = [.. type.Dimensions];
        PixelLayout layout = format.Layout == PixelLayout.Auto ? LayoutOf(dims) : format.Layout;
        if (format is { Height: > 0, Width: > 0 })
        {
            int channels = format.Channels > 0 ? format.Channels : type.Size / (format.Height * format.Width);
            return Build(name, type, format.Height, format.Width, channels, layout);
        }
        if (dims.Length == 2)
            return Build(name, type, dims[0], dims[1], 1, PixelLayout.Planar);
        if (dims.Length == 3)
            return layout == PixelLayout.Interleaved ? Build(name, type, dims[0], dims[1], dims[2], layout)
                : Build(name, type, dims[1], dims[2], dims[0], layout);
        return FindFlat(name, type, format, network);
    }

    /// <summary>A vector without dimensions: the network's own size, or a square.</summary>
    private static PixelFormat FindFlat(string name, VectorDataViewType type, PixelVectorFormat format, ImageShape network)
    {
        if (type.Size == network.ValueCount)
            return Build(name, type, network.Height, network.Width, network.Channels, format.Layout);
        foreach (int channels in new[] { 1, 3 })
        {
            int side = (int)Math.Round(Math.Sqrt((double)type.Size / channels));
            if (side * side * channels == type.Size && (format.Channels == 0 || format.Channels == channels))
                return Build(name, type, side, side, channels, format.Layout);
        }
        throw Contracts.ExceptSchemaMismatch(Parameter, Role, name, "a vector with dimensions [channels, height, width] "
            + "or [height, width, channels], or ImageHeight and ImageWidth in the options", type.ToString());
    }

    private static PixelLayout LayoutOf(int[] dims) =>
        dims is [not (1 or 3 or 4), _, 1 or 3 or 4] ? PixelLayout.Interleaved : PixelLayout.Planar;

    private static PixelFormat Build(string name, VectorDataViewType type, int height, int width, int channels, PixelLayout layout)
    {
        if ((long)height * width * channels != type.Size || channels is < 1 or > 4)
            throw Contracts.ExceptSchemaMismatch(
                Parameter, Role, name, $"images of {height}x{width} pixels with 1 to 4 channels", type.ToString());
        return PixelFormat.FromChannels(height, width, channels, isPlanar: layout != PixelLayout.Interleaved);
    }
}
