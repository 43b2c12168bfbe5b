using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.CnnZoo.Imaging;

/// <summary>
/// Resamples regions of images that are turned, sheared, scaled or moved. Keeps a row: not thread-safe.
/// </summary>
/// <remarks>
/// Each target pixel is the mean of n·m bilinear samples spread over its area in the source, n and m the lengths of its
/// sides in source pixels, rounded up: 1 where the image is enlarged, more where it shrinks, so that nothing aliases.
/// Beyond an edge, the edge's nearest pixel is repeated.
/// </remarks>
/// <param name="channels">Channels of source and target: 1 or 3.</param>
internal sealed class WarpScaler(int channels)
{
    /// <summary>One more sample would sharpen nothing when a pixel is hardly larger than a source pixel.</summary>
    private const double Tolerance = 0.25;

    private Vector128<float>[] _row = [];

    /// <summary>Resamples a crop.</summary>
    /// <typeparam name="T">byte or float.</typeparam>
    /// <param name="pixels">[imageHeight, imageWidth, channels].</param>
    /// <param name="imageHeight">Rows of the image.</param>
    /// <param name="imageWidth">Columns of the image.</param>
    /// <param name="crop">Region, warp and mirroring.</param>
    /// <param name="height">Rows of the target.</param>
    /// <param name="width">Columns of the target.</param>
    /// <param name="target">Receives [height, width, channels].</param>
    public void Scale<T>(ReadOnlySpan<T> pixels, int imageHeight, int imageWidth, in ImageCrop crop, int height,
        int width, Span<float> target) where T : unmanaged
    {
        ImageRegion region = crop.Region;
        ImageWarp warp = crop.Warp;
        double across = region.Width / width, down = region.Height / height, mirror = crop.Mirror ? -1 : 1;
        // Source pixels per step to the right (ux, uy) and down (vx, vy) in the target.
        double ux = mirror * across * (1 + warp.XX), uy = mirror * down * warp.YX;
        double vx = across * warp.XY, vy = down * (1 + warp.YY);
        double left = region.Left + region.Width / 2 + across * warp.X - ux * width / 2 - vx * height / 2 - 0.5;
        double top = region.Top + region.Height / 2 + down * warp.Y - uy * width / 2 - vy * height / 2 - 0.5;
        int n = Samples(ux, uy), m = Samples(vx, vy);
        var source = new Source<T>(pixels, imageHeight, imageWidth, channels);
        if (_row.Length < width)
            _row = new Vector128<float>[width];
        Span<Vector128<float>> row = _row.AsSpan(0, width);
        for (int y = 0; y < height; y++)
        {
            Span<float> to = target.Slice(y * width * channels, width * channels);
            if (channels == 1)
                to.Clear();
            else
                row.Clear();
            for (int sample = 0; sample < n * m; sample++)
            {
                double i = (sample % n + 0.5) / n, j = y + (sample / n + 0.5) / m;
                var start = Vector128.Create((float)(left + i * ux + j * vx), (float)(top + i * uy + j * vy), 0, 0);
                var step = Vector128.Create((float)ux, (float)uy, 0, 0);
                if (channels == 1)
                    AddGray(source, start, step, to);
                else
                    AddColors(source, start, step, row);
            }
            if (channels == 3)
                Store(row, 1f / (n * m), to);
            else if (n * m > 1)
                TensorPrimitives.Multiply(to, 1f / (n * m), to);
        }
    }

    private static int Samples(double x, double y) =>
        Math.Max(1, (int)Math.Ceiling(Math.Sqrt(x * x + y * y) - Tolerance));

    /// <summary>Adds a row of bilinear samples: eight bytes at a time where they can be gathered, else one by one.</summary>
    private static void AddGray<T>(in Source<T> source, Vector128<float> start, Vector128<float> step, Span<float> row)
        where T : unmanaged
    {
        int i = 0;
        if (typeof(T) == typeof(byte) && source.CanGather)
        {
            Vector256<float> x = Vector256.Create(start[0]), y = Vector256.Create(start[1]);
            for (; i <= row.Length - Vector256<float>.Count; i += Vector256<float>.Count)
            {
                Vector256<float> n = Vector256.CreateSequence((float)i, 1);
                Vector256<float> sum = Vector256.Create<float>(row[i..]) + source.Gather(x + n * step[0], y + n * step[1]);
                sum.CopyTo(row[i..]);
            }
        }
        for (; i < row.Length; i++)
        {
            int at = source.Locate(start + step * i, out Vector128<float> beyond, out int right, out int down);
            float a = source.Gray(at), b = source.Gray(at + right), c = source.Gray(at + down),
                d = source.Gray(at + down + right), fx = beyond[0];
            float upper = a + (b - a) * fx, lower = c + (d - c) * fx;
            row[i] += upper + (lower - upper) * beyond[1];
        }
    }

    /// <summary>Adds a row of bilinear samples; a pixel's channels are the lanes of a vector, the fourth idle.</summary>
    private static void AddColors<T>(
        in Source<T> source, Vector128<float> start, Vector128<float> step, Span<Vector128<float>> row)
        where T : unmanaged
    {
        for (int i = 0; i < row.Length; i++)
        {
            int at = source.Locate(start + step * i, out Vector128<float> beyond, out int right, out int down);
            Vector128<float> a = source.Colors(at), b = source.Colors(at + right), c = source.Colors(at + down),
                d = source.Colors(at + down + right), fx = Vector128.Create(beyond[0]);
            Vector128<float> upper = a + (b - a) * fx, lower = c + (d - c) * fx;
            row[i] += upper + (lower - upper) * beyond[1];
        }
    }

    /// <summary>Writes pixels side by side: each store's idle lane is overwritten by the next.</summary>
    private static void Store(ReadOnlySpan<Vector128<float>> row, float factor, Span<float> target)
    {
        for (int i = 0; i < row.Length - 1; i++)
            (row[i] * factor).CopyTo(target[(3 * i)..]);
        Vector128<float> last = row[^1] * factor;
        for (int c = 0; c < 3; c++)
            target[^(3 - c)] = last[c];
    }

    /// <summary>An image whose pixels are read at any place; outside, those at its edge.</summary>
    private readonly ref struct Source<T> where T : unmanaged
    {
        private readonly ref T _first;
        private readonly int _lastFour;
        private readonly Vector128<float> _last;
        private readonly Vector128<int> _steps;

        public Source(ReadOnlySpan<T> pixels, int height, int width, int channels)
        {
            if (pixels.Length != (long)height * width * channels)
                throw new ArgumentException($"{pixels.Length} values are no image of {height}x{width}x{channels}.");
            _first = ref MemoryMarshal.GetReference(pixels);
            _lastFour = pixels.Length - 4;
            _last = Vector128.Create(width - 1f, height - 1f, 0, 0);
            _steps = Vector128.Create(channels, width * channels, 0, 0);
        }

        /// <summary>
        /// The pixel above and left of a point (x, y), how far the point is beyond it, and the steps to the pixels at
        /// its right and below: 0 where the point is on the pixel, as it is at the last.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int Locate(Vector128<float> point, out Vector128<float> beyond, out int right, out int down)
        {
            point = Vector128.MinNative(Vector128.MaxNative(point, Vector128<float>.Zero), _last);
            Vector128<int> whole = Vector128.ConvertToInt32Native(point);
            beyond = point - Vector128.ConvertToSingle(whole);
            Vector128<int> next = Vector128.GreaterThan(beyond, Vector128<float>.Zero).AsInt32() & _steps;
            (right, down) = (next[0], next[1]);
            whole *= _steps;
            return whole[0] + whole[1];
        }

        /// <summary>Whether <see cref="Gather"/> works: gray bytes, four at least.</summary>
        public bool CanGather => Avx2.IsSupported && _lastFour >= 0;

        /// <summary>Bilinear samples of gray bytes; the same numbers as one by one.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public unsafe Vector256<float> Gather(Vector256<float> x, Vector256<float> y)
        {
            x = Vector256.MinNative(Vector256.MaxNative(x, Vector256<float>.Zero), Vector256.Create(_last[0]));
            y = Vector256.MinNative(Vector256.MaxNative(y, Vector256<float>.Zero), Vector256.Create(_last[1]));
            Vector256<int> column = Vector256.ConvertToInt32Native(x), line = Vector256.ConvertToInt32Native(y);
            Vector256<float> fx = x - Vector256.ConvertToSingle(column), fy = y - Vector256.ConvertToSingle(line);
            Vector256<int> upper = line * _steps[1] + column;
            Vector256<int> lower =
                upper + (Vector256.GreaterThan(fy, Vector256<float>.Zero).AsInt32() & Vector256.Create(_steps[1]));
            fixed (T* first = &_first)
            {
                Vector256<float> above = Across((int*)first, upper, _lastFour, fx);
                return above + (Across((int*)first, lower, _lastFour, fx) - above) * fy;
            }
        }

        /// <summary>A pixel and the one at its right, which weighs nothing where there is none.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static unsafe Vector256<float> Across(int* first, Vector256<int> at, int lastFour, Vector256<float> fx)
        {
            // Four bytes from the last place where there are four, and those before the pixel shifted away.
            Vector256<int> place = Vector256.Min(at, Vector256.Create(lastFour));
            Vector256<int> four = Avx2.ShiftRightLogicalVariable(
                Avx2.GatherVector256(first, place, 1), ((at - place) * 8).AsUInt32());
            Vector256<float> a = Vector256.ConvertToSingle(four & Vector256.Create(255)),
                b = Vector256.ConvertToSingle((four >>> 8) & Vector256.Create(255));
            return a + (b - a) * fx;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public float Gray(int at) => typeof(T) == typeof(byte) ? Unsafe.As<T, byte>(ref Unsafe.Add(ref _first, at))
            : Unsafe.As<T, float>(ref Unsafe.Add(ref _first, at));

        /// <summary>Three channels, and a fourth value that means nothing.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector128<float> Colors(int at)
        {
            if (at > _lastFour)
                return Vector128.Create(Gray(at), Gray(at + 1), Gray(at + 2), 0);
            ref T pixel = ref Unsafe.Add(ref _first, at);
            if (typeof(T) == typeof(float))
                return Vector128.LoadUnsafe(ref Unsafe.As<T, float>(ref pixel));
            uint four = Unsafe.ReadUnaligned<uint>(ref Unsafe.As<T, byte>(ref pixel));
            Vector128<ushort> wide = Vector128.WidenLower(Vector128.CreateScalarUnsafe(four).AsByte());
            return Vector128.ConvertToSingle(Vector128.WidenLower(wide).AsInt32());
        }
    }
}
