using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.CnnZoo.Kernels.Product;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Convolution;

/// <summary>
/// Sums of depthwise taps for a run of pixels: target[p, c] = Σ over taps of source[p, c]·weight[c], in registers.
/// </summary>
/// <param name="taps">Pairs of offsets from <paramref name="source"/> and <paramref name="weights"/>.</param>
/// <param name="tapCount">Pairs.</param>
/// <param name="source">The image that is read, at the first channel.</param>
/// <param name="sourceStep">Between the source pixels of one target and the next.</param>
/// <param name="weights">The filter at the first channel.</param>
/// <param name="target">The first pixel.</param>
/// <param name="targetStep">Between pixels.</param>
/// <param name="pixels">Pixels.</param>
internal readonly unsafe struct DepthwisePixels(nint* taps, int tapCount, float* source, nint sourceStep, float* weights,
    float* target, nint targetStep, int pixels)
{
    private readonly nint* _taps = taps;
    private readonly float* _source = source, _weights = weights, _target = target;
    private readonly nint _sourceStep = sourceStep, _targetStep = targetStep;
    private readonly int _tapCount = tapCount, _pixels = pixels;

    /// <summary>One filter per channel.</summary>
    /// <param name="channels">Channels.</param>
    /// <param name="bias">Per channel; null for none.</param>
    /// <param name="finish">Whether a ReLU follows, and its upper limit.</param>
    public void Sum(int channels, float* bias, in TileFinish finish)
    {
        if (Lanes512.IsSupported && channels >= 32)
            Sum<Vector512<float>, Lanes512>(channels, bias, finish);
        else if (Lanes256.IsSupported && channels >= 16)
            Sum<Vector256<float>, Lanes256>(channels, bias, finish);
        else if (channels >= 8)
            Sum<Vector128<float>, Lanes128>(channels, bias, finish);
        else
            for (int i = 0; i < _pixels; i++)
                SumOne<float, Lanes1>(_source + (i * _sourceStep), _target + (i * _targetStep), channels, bias, finish);
    }

    /// <summary>Several filters per channel.</summary>
    public void SumFilters(int channels, int multiplier)
    {
        for (int i = 0; i < _pixels; i++)
        {
            float* y = _target + (i * _targetStep), x = _source + (i * _sourceStep);
            FloatSpans.Clear(y, (long)channels * multiplier);
            for (int t = 0; t < 2 * _tapCount; t += 2)
                for (int c = 0; c < channels; c++)
                    FloatSpans.AddScaled(y + (c * multiplier), _weights + _taps[t + 1] + (c * multiplier),
                        x[_taps[t] + c], multiplier);
        }
    }

    /// <summary>Several filters per channel; their gradients add up.</summary>
    public void SumGradients(int channels, int multiplier)
    {
        for (int i = 0; i < _pixels; i++)
            for (int c = 0; c < channels; c++)
            {
                float sum = 0;
                for (int t = 0; t < 2 * _tapCount; t += 2)
                    for (int j = c * multiplier; j < (c + 1) * multiplier; j++)
                        sum += _source[(i * _sourceStep) + _taps[t] + j] * _weights[_taps[t + 1] + j];
                _target[(i * _targetStep) + c] = sum;
            }
    }

    private void Sum<V, L>(int channels, float* bias, in TileFinish finish)
        where V : struct where L : struct, ILanes<V>
    {
        int i = 0;
        for (; i <= _pixels - 4; i += 4)
            SumFour<V, L>(_source + (i * _sourceStep), _target + (i * _targetStep), channels, bias, finish);
        for (; i < _pixels; i++)
            SumOne<V, L>(_source + (i * _sourceStep), _target + (i * _targetStep), channels, bias, finish);
    }

    /// <summary>Four pixels by two vectors; the last two vectors may overlap those before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SumFour<V, L>(float* source, float* target, int channels, float* bias, in TileFinish finish)
        where V : struct where L : struct, ILanes<V>
    {
        nint step = _sourceStep, step2 = 2 * step, step3 = 3 * step;
        for (int c = 0; c < channels; c += 2 * L.Count)
        {
            c = Math.Min(c, channels - (2 * L.Count));
            V s0a = bias == null ? L.Zero : L.Load(bias + c), s0b = bias == null ? L.Zero : L.Load(bias + c + L.Count);
            V s1a = s0a, s1b = s0b, s2a = s0a, s2b = s0b, s3a = s0a, s3b = s0b;
            float* w = _weights + c, x = source + c;
            for (nint* tap = _taps, end = tap + (2 * _tapCount); tap != end; tap += 2)
            {
                V wa = L.Load(w + tap[1]), wb = L.Load(w + tap[1] + L.Count);
                float* p = x + tap[0], q = p + L.Count;
                s0a = L.MultiplyAdd(L.Load(p), wa, s0a);
                s0b = L.MultiplyAdd(L.Load(q), wb, s0b);
                s1a = L.MultiplyAdd(L.Load(p + step), wa, s1a);
                s1b = L.MultiplyAdd(L.Load(q + step), wb, s1b);
                s2a = L.MultiplyAdd(L.Load(p + step2), wa, s2a);
                s2b = L.MultiplyAdd(L.Load(q + step2), wb, s2b);
                s3a = L.MultiplyAdd(L.Load(p + step3), wa, s3a);
                s3b = L.MultiplyAdd(L.Load(q + step3), wb, s3b);
            }
            float* y = target + c;
            Put<V, L>(y, s0a, s0b, finish);
            Put<V, L>(y + _targetStep, s1a, s1b, finish);
            Put<V, L>(y + (2 * _targetStep), s2a, s2b, finish);
            Put<V, L>(y + (3 * _targetStep), s3a, s3b, finish);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SumOne<V, L>(float* source, float* target, int channels, float* bias, in TileFinish finish)
        where V : struct where L : struct, ILanes<V>
    {
        for (int c = 0; c < channels; c += L.Count)
        {
            c = Math.Min(c, channels - L.Count);
            V sum = bias == null ? L.Zero : L.Load(bias + c);
            for (nint* tap = _taps, end = tap + (2 * _tapCount); tap != end; tap += 2)
                sum = L.MultiplyAdd(L.Load(source + c + tap[0]), L.Load(_weights + c + tap[1]), sum);
            L.Store(finish.Clamps ? L.Clamp(sum, L.Zero, L.Create(finish.Ceiling)) : sum, target + c);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<V, L>(float* y, V a, V b, in TileFinish finish)
        where V : struct where L : struct, ILanes<V>
    {
        if (finish.Clamps)
            (a, b) = (L.Clamp(a, L.Zero, L.Create(finish.Ceiling)), L.Clamp(b, L.Zero, L.Create(finish.Ceiling)));
        L.Store(a, y);
        L.Store(b, y + L.Count);
    }
}

/// <summary>
/// A depthwise filter's gradient over a run of pixels: sums[c] += Σ over pixels of x[p, c]·dy[p, c], in registers.
/// </summary>
/// <param name="x">The first pixel under the tap.</param>
/// <param name="xStep">Between pixels.</param>
/// <param name="dy">The first output pixel.</param>
/// <param name="dyStep">Between output pixels.</param>
/// <param name="pixels">Pixels.</param>
/// <param name="sums">Of the tap.</param>
internal readonly unsafe struct DepthwiseProducts(float* x, nint xStep, float* dy, nint dyStep, int pixels, float* sums)
{
    private readonly float* _x = x, _dy = dy, _sums = sums;
    private readonly nint _xStep = xStep, _dyStep = dyStep;
    private readonly int _pixels = pixels;

    /// <summary>One tap.</summary>
    public void Add(int channels)
    {
        int c = 0;
        if (Lanes512.IsSupported)
            c = Add<Vector512<float>, Lanes512>(c, channels);
        if (Lanes256.IsSupported)
            c = Add<Vector256<float>, Lanes256>(c, channels);
        c = Add<Vector128<float>, Lanes128>(c, channels);
        Add<float, Lanes1>(c, channels);
    }

    /// <summary>
    /// Three taps whose pixels are <paramref name="tapStep"/> apart and whose sums follow one another.
    /// </summary>
    public void AddTriple(int channels, nint tapStep)
    {
        int c = 0;
        if (Lanes512.IsSupported)
            c = AddTriple<Vector512<float>, Lanes512>(c, channels, tapStep);
        if (Lanes256.IsSupported)
            c = AddTriple<Vector256<float>, Lanes256>(c, channels, tapStep);
        c = AddTriple<Vector128<float>, Lanes128>(c, channels, tapStep);
        AddTriple<float, Lanes1>(c, channels, tapStep);
    }

    /// <summary>One tap with several filters per channel.</summary>
    public void AddFilters(int channels, int multiplier)
    {
        for (int i = 0; i < _pixels; i++)
            for (int c = 0; c < channels; c++)
                FloatSpans.AddScaled(_sums + (c * multiplier), _dy + (i * _dyStep) + (c * multiplier),
                    _x[(i * _xStep) + c], multiplier);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Add<V, L>(int c, int channels) where V : struct where L : struct, ILanes<V>
    {
        for (; c <= channels - L.Count; c += L.Count)
        {
            V sum = L.Load(_sums + c);
            float* x = _x + c, dy = _dy + c;
            for (int i = _pixels; i > 0; i--, x += _xStep, dy += _dyStep)
                sum = L.MultiplyAdd(L.Load(x), L.Load(dy), sum);
            L.Store(sum, _sums + c);
        }
        return c;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int AddTriple<V, L>(int c, int channels, nint tapStep) where V : struct where L : struct, ILanes<V>
    {
        for (; c <= channels - L.Count; c += L.Count)
        {
            float* x = _x + c, dy = _dy + c, sums = _sums + c;
            V s0 = L.Load(sums), s1 = L.Load(sums + channels), s2 = L.Load(sums + (2 * channels));
            for (int i = _pixels; i > 0; i--, x += _xStep, dy += _dyStep)
            {
                V g = L.Load(dy);
                s0 = L.MultiplyAdd(L.Load(x), g, s0);
                s1 = L.MultiplyAdd(L.Load(x + tapStep), g, s1);
                s2 = L.MultiplyAdd(L.Load(x + (2 * tapStep)), g, s2);
            }
            L.Store(s0, sums);
            L.Store(s1, sums + channels);
            L.Store(s2, sums + (2 * channels));
        }
        return c;
    }
}
