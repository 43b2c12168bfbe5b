using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.Keras;

/// <summary>Layers that give images another size: padding, cropping, enlarging.</summary>
internal sealed partial class KerasOperators
{
    private NodeOutput ZeroPadding(KerasLayerCall c)
    {
        (int top, int bottom, int left, int right) = c.Config.Sides("padding");
        return (top | bottom | left | right) == 0 ? c.Image : arranger.Add("Pad", [c.Image,
            arranger.Constant(TensorLiteral.Of<int>(new TensorShape(4, 2), [0, 0, top, bottom, left, right, 0, 0]))]);
    }

    private NodeOutput Cropping(KerasLayerCall c)
    {
        (int top, int bottom, int left, int right) = c.Config.Sides("cropping");
        return Crop(c.Image, top, left, c.Image.Height - top - bottom, c.Image.Width - left - right);
    }

    private NodeOutput CenterCrop(KerasLayerCall c)
    {
        int rows = c.Config.Size("height"), columns = c.Config.Size("width");
        return Crop(c.Image, (c.Image.Height - rows) / 2, (c.Image.Width - columns) / 2, rows, columns);
    }

    private NodeOutput Crop(NodeOutput x, int top, int left, int rows, int columns)
    {
        if (top < 0 || left < 0 || rows < 1 || columns < 1)
            throw new InvalidDataException($"{rows}x{columns} pixels are cropped out of {x.Height}x{x.Width}");
        return rows == x.Height && columns == x.Width ? x
            : arranger.Add("Slice", [x, arranger.Integers(0, top, left, 0), arranger.Integers(-1, rows, columns, -1)]);
    }

    private NodeOutput UpSampling(KerasLayerCall c)
    {
        NodeOutput x = c.Image;
        (int rows, int columns) = c.Config.Pair("size", (2, 2));
        if (c.Config.Text("interpolation") is not (null or "nearest"))
            throw new InvalidDataException($"its interpolation is '{c.Config.Text("interpolation")}'; only nearest is "
                + "supported");
        NodeOutput apart = View(x, -1, x.Height, 1, x.Width, 1, x.Channels);
        NodeOutput tiled = arranger.Add("Tile", [apart, arranger.Integers(1, 1, rows, 1, columns, 1)]);
        return View(tiled, -1, checked(x.Height * rows), checked(x.Width * columns), x.Channels);
    }
}
