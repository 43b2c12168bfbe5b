using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.CnnZoo.Kernels.Vectors;

/// <summary>The few vector operations that the kernels need, for one vector width.</summary>
/// <remarks>
/// Max: <c>MaxNative</c> gives the second operand if either is NaN (x86) or NaN (Arm), so that only a NaN in the first
/// needs care.
/// </remarks>
/// <typeparam name="V">The vector.</typeparam>
internal unsafe interface ILanes<V> where V : struct
{
    static abstract int Count { get; }
    static abstract V Zero { get; }
    static abstract V Load(float* p);
    static abstract V Broadcast(float* p);
    static abstract void Store(V v, float* p);
    static abstract V Create(float value);
    static abstract V Add(V a, V b);
    static abstract V Subtract(V a, V b);
    static abstract V Multiply(V a, V b);
    /// <summary>a·b + c, fused where the processor can.</summary>
    static abstract V MultiplyAdd(V a, V b, V c);
    /// <summary>Lanes of v where the condition is above zero, others 0.</summary>
    static abstract V KeepPositive(V v, V condition);
    /// <summary>Negative lanes become 0; NaN stays NaN.</summary>
    static abstract V Rectify(V v);
    /// <summary>min(max(v, low), high); NaN stays NaN.</summary>
    static abstract V Clamp(V v, V low, V high);
    /// <summary>The greater; NaN if either is NaN.</summary>
    static abstract V Max(V a, V b);
    /// <summary>Lanes of v where a equals b, others 0.</summary>
    static abstract V KeepEqual(V v, V a, V b);
    /// <summary>Lanes of v where a differs from b, others 0.</summary>
    static abstract V KeepDifferent(V v, V a, V b);
    static abstract V LoadBFloat16(ushort* p);
    /// <summary>Rounded as in <see cref="BFloat16Spans"/>.</summary>
    static abstract void StoreBFloat16(V v, ushort* p);
}

/// <summary>16 lanes. Selected by instruction set and not by <see cref="Vector512.IsHardwareAccelerated"/>, which is
/// false on processors that lower their clock for wide vectors: dense products are faster with them even
/// there.</summary>
internal readonly unsafe struct Lanes512 : ILanes<Vector512<float>>
{
    public static bool IsSupported => Avx512F.IsSupported;
    public static int Count => 16;
    public static Vector512<float> Zero => Vector512<float>.Zero;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(float* p) => Avx512F.LoadVector512(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Broadcast(float* p) => Vector512.Create(*p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> v, float* p) => Avx512F.Store(p, v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Add(Vector512<float> a, Vector512<float> b) => Avx512F.Add(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Create(float value) => Vector512.Create(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Subtract(Vector512<float> a, Vector512<float> b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Multiply(Vector512<float> a, Vector512<float> b) => a * b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MultiplyAdd(Vector512<float> a, Vector512<float> b, Vector512<float> c) =>
        Avx512F.FusedMultiplyAdd(a, b, c);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> KeepPositive(Vector512<float> v, Vector512<float> condition) =>
        Vector512.ConditionalSelect(Vector512.GreaterThan(condition, Vector512<float>.Zero), v, Vector512<float>.Zero);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Rectify(Vector512<float> v) =>
        Vector512.ConditionalSelect(Vector512.LessThanOrEqual(v, Vector512<float>.Zero), Vector512<float>.Zero, v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Clamp(Vector512<float> v, Vector512<float> low, Vector512<float> high) =>
        Avx512F.Min(high, Avx512F.Max(low, v)); // of NaN and a number the second operand is returned
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Max(Vector512<float> a, Vector512<float> b) =>
        Vector512.ConditionalSelect(Vector512.Equals(a, a), Vector512.MaxNative(a, b), a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> KeepEqual(Vector512<float> v, Vector512<float> a, Vector512<float> b) =>
        Vector512.ConditionalSelect(Vector512.Equals(a, b), v, Vector512<float>.Zero);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> KeepDifferent(Vector512<float> v, Vector512<float> a, Vector512<float> b) =>
        Vector512.ConditionalSelect(Vector512.Equals(a, b), Vector512<float>.Zero, v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadBFloat16(ushort* p) =>
        (Avx512F.ConvertToVector512UInt32(Vector256.Load(p)) << 16).AsSingle();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBFloat16(Vector512<float> v, ushort* p)
    {
        Vector512<uint> bits = v.AsUInt32(), upper = bits >>> 16;
        Vector512<uint> rounded = Vector512.ConditionalSelect(Vector512.Equals(v, v).AsUInt32(),
            (bits + Vector512.Create(0x7FFFu) + (upper & Vector512<uint>.One)) >>> 16, upper | Vector512.Create(0x40u));
        Avx512F.ConvertToVector256UInt16(rounded).Store(p);
    }
}

/// <summary>8 lanes.</summary>
internal readonly unsafe struct Lanes256 : ILanes<Vector256<float>>
{
    public static bool IsSupported => Vector256.IsHardwareAccelerated;
    public static int Count => 8;
    public static Vector256<float> Zero => Vector256<float>.Zero;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(float* p) => Vector256.Load(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Broadcast(float* p) => Vector256.Create(*p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<float> v, float* p) => v.Store(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Add(Vector256<float> a, Vector256<float> b) => a + b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Create(float value) => Vector256.Create(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Subtract(Vector256<float> a, Vector256<float> b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Multiply(Vector256<float> a, Vector256<float> b) => a * b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> MultiplyAdd(Vector256<float> a, Vector256<float> b, Vector256<float> c) =>
        Vector256.MultiplyAddEstimate(a, b, c);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> KeepPositive(Vector256<float> v, Vector256<float> condition) =>
        Vector256.ConditionalSelect(Vector256.GreaterThan(condition, Vector256<float>.Zero), v, Vector256<float>.Zero);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Rectify(Vector256<float> v) =>
        Vector256.ConditionalSelect(Vector256.LessThanOrEqual(v, Vector256<float>.Zero), Vector256<float>.Zero, v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Clamp(Vector256<float> v, Vector256<float> low, Vector256<float> high) =>
        Avx.Min(high, Avx.Max(low, v)); // of NaN and a number the second operand is returned
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Max(Vector256<float> a, Vector256<float> b) =>
        Vector256.ConditionalSelect(Vector256.Equals(a, a), Vector256.MaxNative(a, b), a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> KeepEqual(Vector256<float> v, Vector256<float> a, Vector256<float> b) =>
        Vector256.ConditionalSelect(Vector256.Equals(a, b), v, Vector256<float>.Zero);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> KeepDifferent(Vector256<float> v, Vector256<float> a, Vector256<float> b) =>
        Vector256.ConditionalSelect(Vector256.Equals(a, b), Vector256<float>.Zero, v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadBFloat16(ushort* p) =>
        (Avx2.ConvertToVector256Int32(Vector128.Load(p)) << 16).AsSingle();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBFloat16(Vector256<float> v, ushort* p)
    {
        Vector256<uint> bits = v.AsUInt32(), upper = bits >>> 16;
        Vector256<uint> rounded = Vector256.ConditionalSelect(Vector256.Equals(v, v).AsUInt32(),
            (bits + Vector256.Create(0x7FFFu) + (upper & Vector256<uint>.One)) >>> 16, upper | Vector256.Create(0x40u));
        Vector128.Narrow(rounded.GetLower(), rounded.GetUpper()).Store(p);
    }
}

/// <summary>4 lanes: SSE, Neon, or software fallback.</summary>
internal readonly unsafe struct Lanes128 : ILanes<Vector128<float>>
{
    public static int Count => 4;
    public static Vector128<float> Zero => Vector128<float>.Zero;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Load(float* p) => Vector128.Load(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Broadcast(float* p) => Vector128.Create(*p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<float> v, float* p) => v.Store(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Add(Vector128<float> a, Vector128<float> b) => a + b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Create(float value) => Vector128.Create(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Subtract(Vector128<float> a, Vector128<float> b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Multiply(Vector128<float> a, Vector128<float> b) => a * b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> MultiplyAdd(Vector128<float> a, Vector128<float> b, Vector128<float> c) =>
        Vector128.MultiplyAddEstimate(a, b, c);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> KeepPositive(Vector128<float> v, Vector128<float> condition) =>
        Vector128.ConditionalSelect(Vector128.GreaterThan(condition, Vector128<float>.Zero), v, Vector128<float>.Zero);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Rectify(Vector128<float> v) =>
        Vector128.ConditionalSelect(Vector128.LessThanOrEqual(v, Vector128<float>.Zero), Vector128<float>.Zero, v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Clamp(Vector128<float> v, Vector128<float> low, Vector128<float> high) =>
        Vector128.Min(high, Vector128.Max(low, v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Max(Vector128<float> a, Vector128<float> b) =>
        Vector128.ConditionalSelect(Vector128.Equals(a, a), Vector128.MaxNative(a, b), a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> KeepEqual(Vector128<float> v, Vector128<float> a, Vector128<float> b) =>
        Vector128.ConditionalSelect(Vector128.Equals(a, b), v, Vector128<float>.Zero);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> KeepDifferent(Vector128<float> v, Vector128<float> a, Vector128<float> b) =>
        Vector128.ConditionalSelect(Vector128.Equals(a, b), Vector128<float>.Zero, v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadBFloat16(ushort* p) =>
        (Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)p).AsUInt16()) << 16).AsSingle();
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBFloat16(Vector128<float> v, ushort* p)
    {
        Vector128<uint> bits = v.AsUInt32(), upper = bits >>> 16;
        Vector128<uint> rounded = Vector128.ConditionalSelect(Vector128.Equals(v, v).AsUInt32(),
            (bits + Vector128.Create(0x7FFFu) + (upper & Vector128<uint>.One)) >>> 16, upper | Vector128.Create(0x40u));
        *(ulong*)p = Vector128.Narrow(rounded, rounded).AsUInt64().ToScalar();
    }
}

/// <summary>One lane, for remainders.</summary>
internal readonly unsafe struct Lanes1 : ILanes<float>
{
    public static int Count => 1;
    public static float Zero => 0;
    public static float Load(float* p) => *p;
    public static float Broadcast(float* p) => *p;
    public static void Store(float v, float* p) => *p = v;
    public static float Add(float a, float b) => a + b;
    public static float Create(float value) => value;
    public static float Subtract(float a, float b) => a - b;
    public static float Multiply(float a, float b) => a * b;
    public static float MultiplyAdd(float a, float b, float c) => float.MultiplyAddEstimate(a, b, c);
    public static float KeepPositive(float v, float condition) => condition > 0 ? v : 0;
    public static float Rectify(float v) => v <= 0 ? 0 : v;
    public static float Clamp(float v, float low, float high) => v < low ? low : v > high ? high : v;
    public static float Max(float a, float b) => MathF.Max(a, b);
    public static float KeepEqual(float v, float a, float b) => a == b ? v : 0;
    public static float KeepDifferent(float v, float a, float b) => a == b ? 0 : v;
    public static float LoadBFloat16(ushort* p) => BitConverter.UInt32BitsToSingle((uint)*p << 16);
    public static void StoreBFloat16(float v, ushort* p) => *p = BFloat16Spans.Round(v);
}
