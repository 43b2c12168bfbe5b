using System.Runtime.InteropServices;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Graph;
using SkiaSharp;

namespace CnnZoo.Cli.Reports;

/// <summary>Small pictures as data URIs, each made once: an image as the network is shown it, and its heat map.</summary>
internal sealed class Thumbnails(CnnClassificationTransformer network)
{
    private const int Side = 112, Quality = 80;
    private readonly ImageDecoder _decoder = new(
        CropPlan.CreateScaler(new ImageShape(Side, Side, 3), network.Model.Fit), network.Model.MaxImagePixels);
    private readonly Dictionary<string, string> _made = new(StringComparer.Ordinal);
    private bool _isUnexplained;

    /// <summary>Width and height of an image file, upright or not; null where it cannot be read.</summary>
    public static (int Width, int Height)? SizeOf(string path)
    {
        using var codec = SKCodec.Create(path);
        return codec is null ? null : (codec.Info.Width, codec.Info.Height);
    }

    /// <summary>An image file.</summary>
    public string Of(string path)
    {
        if (_made.TryGetValue(path, out string? made))
            return made;
        var raw = new RawImage();
        byte[] file = File.ReadAllBytes(path), pixels = new byte[Side * Side * 3];
        file.CopyTo(raw.SetEncoded(file.Length));
        return _made[path] = _decoder.TryDecode<byte>(raw, pixels) ? Jpeg(pixels) : "data:,";
    }

    /// <summary>
    /// Where a network looks when it finds a class in an image: Grad-CAM; null where the network cannot say, which standard
    /// error tells once.
    /// </summary>
    public string? HeatMap(string path, string className)
    {
        if (_isUnexplained)
            return null;
        try
        {
            using var picture = SKBitmap.Decode(
                network.Explain(path, new CnnExplanationOptions { ClassName = className }).ToPng(Side));
            return Encode(picture);
        }
        catch (Exception e) when (e is GraphException or ArgumentOutOfRangeException)
        {
            Console.Error.WriteLine($"cnnzoo: no heat maps: {CommandOptions.WithoutParameter(e.Message)}");
            _isUnexplained = true;
            return null;
        }
    }

    private static string Jpeg(byte[] rgb)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(Side, Side, SKColorType.Rgba8888, SKAlphaType.Opaque));
        var rgba = new byte[Side * Side * 4];
        for (int i = 0; i < Side * Side; i++)
        {
            rgb.AsSpan(3 * i, 3).CopyTo(rgba.AsSpan(4 * i));
            rgba[(4 * i) + 3] = byte.MaxValue;
        }
        Marshal.Copy(rgba, 0, bitmap.GetPixels(), rgba.Length);
        return Encode(bitmap);
    }

    private static string Encode(SKBitmap bitmap)
    {
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Jpeg, Quality);
        return $"data:image/jpeg;base64,{Convert.ToBase64String(data.Span)}";
    }
}
