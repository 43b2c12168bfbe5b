namespace Microsoft.ML.CnnZoo;

/// <summary>How a variable's first value is made: a rule; training draws the numbers.</summary>
public sealed record Initializer
{
    internal Initializer(InitializerKind kind, float scale) => (Kind, Scale) = (kind, scale);

    /// <summary>All zeros.</summary>
    public static Initializer Zeros { get; } = new(InitializerKind.Constant, 0);
    /// <summary>All ones.</summary>
    public static Initializer Ones { get; } = new(InitializerKind.Constant, 1);
    /// <summary>N(0, 2/fan_in). He et al. 2015, arXiv:1502.01852, eq. 10.</summary>
    public static Initializer HeNormal { get; } = new(InitializerKind.FanInNormal, 2);
    /// <summary>N(0, 2/fan_out), ResNet's usual choice (fan_out = kh·kw·filters).</summary>
    public static Initializer HeNormalFanOut { get; } = new(InitializerKind.FanOutNormal, 2);
    /// <summary>U(-√(6/(fan_in+fan_out)), +…). Glorot, Bengio 2010.</summary>
    public static Initializer GlorotUniform { get; } = new(InitializerKind.FanAverageUniform, 1);
    /// <summary>U(-2.4/fan_in, +2.4/fan_in). LeCun et al. 1998, appendix A.</summary>
    public static Initializer LeCun1998 { get; } = new(InitializerKind.InverseFanInUniform, 2.4f);
    /// <summary>The same value everywhere.</summary>
    public static Initializer Constant(float value) => new(InitializerKind.Constant, value);
    /// <summary>N(0, σ²).</summary>
    public static Initializer Normal(float standardDeviation) => new(InitializerKind.Normal, standardDeviation);
    /// <summary>N(0, σ²) redrawn beyond 2σ, as TensorFlow's TruncatedNormal.</summary>
    public static Initializer TruncatedNormal(float standardDeviation) =>
        new(InitializerKind.TruncatedNormal, standardDeviation);
    /// <summary>Random ±1, for RBF codes.</summary>
    public static Initializer RandomSigns { get; } = new(InitializerKind.RandomSigns, 1);
    /// <summary>
    /// Biases of scores behind a ReLU (NIN, SqueezeNet): far above 0, for a class whose scores have all fallen below is
    /// never learned again. A softmax does not see what all scores have in common.
    /// </summary>
    internal static Initializer RectifiedScores { get; } = new(InitializerKind.Constant, 8);

    /// <summary>The distribution.</summary>
    internal InitializerKind Kind { get; }

    /// <summary>
    /// The constant; the standard deviation of the normal kinds; the gain's square for variance scaling (2 for He, 1
    /// for Glorot); half the width of the uniform kind.
    /// </summary>
    internal float Scale { get; }

    /// <summary>For example <c>Normal 0.01</c>.</summary>
    public override string ToString() => FormattableString.Invariant($"{Kind} {Scale}");
}

/// <summary>
/// Distributions of first values; fan_in is the product of all dimensions but the last, fan_out that of all but the
/// last but one.
/// </summary>
internal enum InitializerKind
{
    /// <summary>One value everywhere.</summary>
    Constant,
    /// <summary>N(0, scale²).</summary>
    Normal,
    /// <summary>N(0, scale²) without the tails beyond two standard deviations.</summary>
    TruncatedNormal,
    /// <summary>U(-scale, scale).</summary>
    Uniform,
    /// <summary>N(0, scale/fan_in).</summary>
    FanInNormal,
    /// <summary>N(0, scale/fan_out).</summary>
    FanOutNormal,
    /// <summary>Uniform of variance 2·scale/(fan_in+fan_out).</summary>
    FanAverageUniform,
    /// <summary>U(-scale/fan_in, scale/fan_in).</summary>
    InverseFanInUniform,
    /// <summary>±1 with equal chance.</summary>
    RandomSigns,
}
