namespace Microsoft.ML.CnnZoo.Graph;

/// <summary>TensorFlow's three ways to pad.</summary>
internal enum PaddingKind
{
    /// <summary>⌈input/stride⌉ outputs; an odd pixel of padding goes after (below, right).</summary>
    Same,
    /// <summary>No padding.</summary>
    Valid,
    /// <summary>An explicit number of pixels on each side.</summary>
    Explicit,
}

/// <summary>Padding of a window over an NHWC image, in pixels.</summary>
internal readonly record struct Padding
{
    private Padding(PaddingKind kind, int top, int bottom, int left, int right) =>
        (Kind, Top, Bottom, Left, Right) = (kind, top, bottom, left, right);

    /// <summary>The kind of padding.</summary>
    public PaddingKind Kind { get; }
    /// <summary>Rows above; 0 unless explicit.</summary>
    public int Top { get; }
    /// <summary>Rows below; 0 unless explicit.</summary>
    public int Bottom { get; }
    /// <summary>Columns to the left; 0 unless explicit.</summary>
    public int Left { get; }
    /// <summary>Columns to the right; 0 unless explicit.</summary>
    public int Right { get; }

    /// <summary>
    /// TensorFlow's SAME: uneven where the total is odd (3×3/2 on 224 pixels pads 0 before, 1 after).
    /// </summary>
    public static Padding Same { get; } = new(PaddingKind.Same, 0, 0, 0, 0);

    /// <summary>None.</summary>
    public static Padding Valid { get; } = new(PaddingKind.Valid, 0, 0, 0, 0);

    /// <summary>The same number of pixels on all four sides, as PyTorch and Caffe pad.</summary>
    /// <param name="pixels">≥ 0.</param>
    public static Padding Symmetric(int pixels) => Explicit(pixels, pixels, pixels, pixels);

    /// <summary>Pixels for each side.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative.</exception>
    public static Padding Explicit(int top, int bottom, int left, int right)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(top);
        ArgumentOutOfRangeException.ThrowIfNegative(bottom);
        ArgumentOutOfRangeException.ThrowIfNegative(left);
        ArgumentOutOfRangeException.ThrowIfNegative(right);
        return new(PaddingKind.Explicit, top, bottom, left, right);
    }

    /// <summary>The value of TensorFlow's <c>padding</c> attribute.</summary>
    public string ToAttribute() =>
        Kind switch { PaddingKind.Same => "SAME", PaddingKind.Valid => "VALID", _ => "EXPLICIT" };

    /// <summary>For example <c>SAME</c> or <c>EXPLICIT(1,1,1,1)</c>: top, bottom, left, right.</summary>
    public override string ToString() => Kind == PaddingKind.Explicit ? $"EXPLICIT({Top},{Bottom},{Left},{Right})"
        : ToAttribute();
}
