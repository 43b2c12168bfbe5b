using SkiaSharp;

namespace TransferLearning;

/// <summary>Pictures of six kinds of things, in all colors, on all backgrounds: the same for the same seed.</summary>
internal static class Pictures
{
    private const int SmallestSide = 64, LargestSide = 300, MostNoise = 30;

    private static readonly (string Name, Action<SKCanvas, Random> Draw)[] Kinds =
    [
        ("balloon", Balloon), ("brick", Bricks), ("leaf", Leaf), ("sign", Sign), ("star", Star), ("wheel", Wheel),
    ];

    /// <summary>Writes folder/star/00.png and so on.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="count">Pictures of each kind.</param>
    /// <param name="seed">Other pictures for another seed.</param>
    public static void Draw(string folder, int count, int seed)
    {
        foreach ((string name, Action<SKCanvas, Random> draw) in Kinds)
        {
            Directory.CreateDirectory(Path.Combine(folder, name));
            for (int i = 0; i < count; i++)
            {
                var random = new Random((seed * 1_000_000) + (name[0] * 1000) + name[1] + (i * 7919));
                using SKBitmap picture = Picture(draw, random);
                using FileStream file = File.Create(Path.Combine(folder, name, $"{i:D2}.png"));
                picture.Encode(file, SKEncodedImageFormat.Png, 100);
            }
        }
    }

    private static SKBitmap Picture(Action<SKCanvas, Random> draw, Random random)
    {
        int width = random.Next(SmallestSide, LargestSide + 1);
        int height = Math.Clamp((int)(width * Between(random, 0.75f, 1.33f)), SmallestSide, LargestSide);
        var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using var canvas = new SKCanvas(bitmap);
        Background(canvas, random, width, height);

        // Kinds are drawn in a square from -1 to 1, turned and put anywhere.
        float side = Math.Min(width, height) * Between(random, 0.6f, 0.95f) / 2;
        canvas.Save();
        canvas.Translate(Between(random, side, width - side), Between(random, side, height - side));
        canvas.RotateDegrees(Between(random, -180, 180) * (draw == Balloon || draw == Sign ? 0.1f : 1));
        canvas.Scale(side);
        draw(canvas, random);
        canvas.Restore();

        if (random.Next(3) == 0) // something in front of it
            using (SKPaint paint = Fill(random))
                canvas.DrawRect(random.NextSingle() * width, random.NextSingle() * height,
                    width * 0.3f * random.NextSingle(), height * 0.3f * random.NextSingle(), paint);
        canvas.Flush();
        AddNoise(bitmap, random);
        return bitmap;
    }

    private static void Background(SKCanvas canvas, Random random, int width, int height)
    {
        SKColor first = Color(random), second = Color(random);
        canvas.Clear(first);
        using var paint = new SKPaint { IsAntialias = true, Color = second };
        switch (random.Next(3))
        {
            case 0: // a gradient
                using (SKShader gradient = SKShader.CreateLinearGradient(new(0, 0),
                    new(random.Next(2) * width, random.Next(1, 3) * height), [first, second], SKShaderTileMode.Clamp))
                {
                    paint.Shader = gradient;
                    canvas.DrawRect(0, 0, width, height, paint);
                }
                break;
            case 1: // stripes
                paint.StrokeWidth = Between(random, 6, 20);
                for (float x = -height; x < width; x += 2 * paint.StrokeWidth)
                    canvas.DrawLine(x, 0, x + height, height, paint);
                break;
            default: // spots
                for (int i = 0; i < 40; i++)
                {
                    paint.Color = second.WithAlpha((byte)random.Next(40, 200));
                    canvas.DrawCircle(random.Next(width), random.Next(height), Between(random, 4, 24), paint);
                }
                break;
        }
    }

    private static void AddNoise(SKBitmap bitmap, Random random)
    {
        float deviation = Between(random, 0, MostNoise);
        // The sum of three uniform numbers is nearly normal, of deviation 1/2.
        byte Noisy(byte value) => (byte)Math.Clamp(value + (2 * deviation
            * (random.NextSingle() + random.NextSingle() + random.NextSingle() - 1.5f)), 0, 255);
        bitmap.Pixels = [.. bitmap.Pixels.Select(p => new SKColor(Noisy(p.Red), Noisy(p.Green), Noisy(p.Blue)))];
    }

    private static void Balloon(SKCanvas canvas, Random random)
    {
        using SKPaint skin = Fill(random), cord = Line(random), light = Fill(random);
        light.Color = SKColors.White.WithAlpha(90);
        canvas.DrawOval(new SKRect(-0.6f, -1, 0.6f, 0.5f), skin);
        canvas.DrawLine(0, 0.5f, 0.15f, 1, cord);
        canvas.DrawOval(new SKRect(-0.32f, -0.7f, -0.08f, -0.3f), light);
    }

    private static void Bricks(SKCanvas canvas, Random random)
    {
        SKColor color = Color(random);
        using SKPaint brick = Fill(random);
        for (int row = -3; row < 3; row++)
            for (int column = -3; column < 3; column++)
            {
                byte Shade(byte value) => (byte)Math.Clamp(value + random.Next(-12, 13), 0, 255);
                brick.Color = new SKColor(Shade(color.Red), Shade(color.Green), Shade(color.Blue));
                canvas.DrawRect((column * 0.33f) + ((row & 1) * 0.16f), row * 0.33f, 0.29f, 0.28f, brick);
            }
    }

    private static void Leaf(SKCanvas canvas, Random random)
    {
        using SKPaint blade = Fill(random), vein = Line(random);
        using var outline = new SKPath();
        outline.MoveTo(0, -1);
        outline.CubicTo(0.9f, -0.5f, 0.5f, 0.6f, 0, 1);
        outline.CubicTo(-0.5f, 0.6f, -0.9f, -0.5f, 0, -1);
        canvas.DrawPath(outline, blade);
        canvas.DrawLine(0, -1, 0, 1, vein);
        for (float y = -0.4f; y < 0.8f; y += 0.2f)
        {
            canvas.DrawLine(0, y, 0.3f, y - 0.2f, vein);
            canvas.DrawLine(0, y, -0.3f, y - 0.2f, vein);
        }
    }

    private static void Sign(SKCanvas canvas, Random random)
    {
        using SKPaint board = Fill(random), edge = Line(random);
        canvas.DrawRect(-0.9f, -0.5f, 1.8f, 0.8f, board);
        canvas.DrawRect(-0.9f, -0.5f, 1.8f, 0.8f, edge);
        canvas.DrawLine(0, 0.3f, 0, 1, edge);
        for (float x = -0.7f; x < 0.7f; x += 0.32f)
            canvas.DrawLine(x, -0.3f, x + (0.15f * random.NextSingle()), 0.1f, edge);
    }

    private static void Star(SKCanvas canvas, Random random)
    {
        using SKPaint paint = Fill(random);
        using var outline = new SKPath();
        int points = random.Next(5, 9);
        for (int i = 0; i < 2 * points; i++)
        {
            float radius = i % 2 == 0 ? 1 : 0.45f, angle = MathF.PI * i / points;
            SKPoint point = new(radius * MathF.Sin(angle), -radius * MathF.Cos(angle));
            if (i == 0)
                outline.MoveTo(point);
            else
                outline.LineTo(point);
        }
        outline.Close();
        canvas.DrawPath(outline, paint);
    }

    private static void Wheel(SKCanvas canvas, Random random)
    {
        using SKPaint spoke = Line(random), tire = Line(random), hub = Fill(random);
        tire.StrokeWidth = 0.18f;
        int spokes = random.Next(5, 10);
        for (int i = 0; i < spokes; i++)
        {
            (float y, float x) = MathF.SinCos(2 * MathF.PI * i / spokes);
            canvas.DrawLine(0, 0, 0.8f * x, 0.8f * y, spoke);
        }
        canvas.DrawCircle(0, 0, 0.85f, tire);
        canvas.DrawCircle(0, 0, 0.15f, hub);
    }

    private static SKPaint Fill(Random random) => new() { IsAntialias = true, Color = Color(random) };

    private static SKPaint Line(Random random) => new()
    {
        IsAntialias = true, Color = Color(random), IsStroke = true, StrokeWidth = Between(random, 0.04f, 0.1f),
    };

    private static SKColor Color(Random random) =>
        new((byte)random.Next(256), (byte)random.Next(256), (byte)random.Next(256));

    private static float Between(Random random, float low, float high) => low + ((high - low) * random.NextSingle());
}
