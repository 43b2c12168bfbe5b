using System.Collections.Concurrent;
using System.IO.Hashing;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Imaging;
using SkiaSharp;

namespace CnnZoo.Cli.Doctor;

/// <summary>Looks at every image once, on all processors, with the decoder that training uses.</summary>
internal static class ImageInspection
{
    /// <summary>The facts of the images that can be read, in their order; what is wrong with the others is added.</summary>
    public static ImageFacts[] Inspect(IReadOnlyList<CheckedImage> images, List<Finding> findings)
    {
        var facts = new ImageFacts?[images.Count];
        var bad = new ConcurrentDictionary<int, string>();
        Parallel.For(0, images.Count, () => new Inspector(), (i, _, inspector) =>
        {
            facts[i] = inspector.Inspect(images[i], out string problem);
            if (facts[i] is null)
                bad[i] = problem;
            return inspector;
        }, _ => { });
        foreach ((int i, string problem) in bad.OrderBy(b => b.Key))
            findings.Add(new Finding(FindingKind.Unreadable, images[i].Path, images[i].Class, problem));
        return [.. facts.OfType<ImageFacts>()];
    }

    /// <summary>Belongs to one thread.</summary>
    private sealed class Inspector
    {
        private readonly ImageDecoder _decoder = new(
            new ImageScaler(ImageFacts.Side, ImageFacts.Side, 3, ImageFit.Stretch), ImageDecoder.DefaultMaxPixels);
        private readonly RawImage _raw = new();

        public ImageFacts? Inspect(CheckedImage image, out string problem)
        {
            problem = BadImages.FileProblem(image.Path) ?? "";
            if (problem.Length > 0)
                return null;
            try
            {
                byte[] file = File.ReadAllBytes(image.Path);
                file.CopyTo(_raw.SetEncoded(file.Length));
                if (_decoder.Decode<byte>(_raw) is { } decoded)
                    return new ImageFacts(image, decoded.Original.Height, decoded.Original.Width, decoded.Pixels,
                        XxHash128.HashToUInt128(file), IsTransparent(file));
                problem = _raw.Problem;
            }
            catch (Exception e) when (ImageDecoder.IsBadImage(e))
            {
                problem = e.Message;
            }
            return null;
        }

        private static bool IsTransparent(byte[] file)
        {
            using var data = SKData.CreateCopy(file);
            using SKCodec codec = SKCodec.Create(data);
            if (codec.Info.AlphaType == SKAlphaType.Opaque)
                return false;
            using SKBitmap bitmap = SKBitmap.Decode(codec);
            return !AlphaPixels.IsOpaque(bitmap.GetPixelSpan());
        }
    }
}
