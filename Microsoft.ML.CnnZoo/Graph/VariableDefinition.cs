using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo;

/// <summary>The role of a variable in training.</summary>
public enum VariableRole
{
    /// <summary>A convolution or dense kernel: trained, subject to weight decay.</summary>
    Kernel,
    /// <summary>A bias: trained, no weight decay by default.</summary>
    Bias,
    /// <summary>Batch normalization's scale or offset: trained, no weight decay by default.</summary>
    Normalization,
    /// <summary>A running statistic: updated by the forward pass in training, never by the optimizer.</summary>
    Statistic,
    /// <summary>Never changed by training (an RBF code).</summary>
    Fixed,
    /// <summary>An optimizer's state.</summary>
    Slot,
}

/// <summary>A variable of a graph: its name is the <c>shared_name</c> of its <c>VarHandleOp</c>.</summary>
/// <param name="Name">Unique name, for example <c>conv1/kernel</c>; training and inference graphs share variables by
/// it.</param>
/// <param name="Spec">Type and shape (HWIO for convolution kernels, [in,out] for dense ones).</param>
/// <param name="Role">Its role in training.</param>
/// <param name="Initializer">Its initial value.</param>
public sealed record VariableDefinition(string Name, TensorSpec Spec, VariableRole Role, Initializer Initializer)
{
    /// <summary>
    /// Number of trainable parameters; fewer than elements where a connection table masks some (LeNet-5 1998, C3).
    /// </summary>
    public long ParameterCount { get; init; } = Spec.Shape.ElementCount;

    /// <summary>
    /// For a dense kernel that reads a flattened image: the image's [H,W,C]; rows are in that order. Null elsewhere.
    /// Weights of libraries that flatten C,H,W need their rows permuted.
    /// </summary>
    public TensorShape? FlattenShape { get; init; }

    /// <summary>Whether an optimizer updates it.</summary>
    public bool IsTrainable => Role is VariableRole.Kernel or VariableRole.Bias or VariableRole.Normalization;
}

/// <summary>A variable's initial distribution. Symbolic: Training draws the numbers.</summary>
/// <param name="Kind">The distribution.</param>
/// <param name="Scale">The constant for <see cref="InitializerKind.Constant"/>; the standard deviation for the normal
/// kinds; the gain's square for variance scaling (2 for He, 1 for Glorot); half the width for
/// <see cref="InitializerKind.Uniform"/>.</param>
public sealed record Initializer(InitializerKind Kind, float Scale)
{
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
}

/// <summary>
/// Distributions of initial values; fan_in is the product of all dimensions but the last, fan_out that of all but the
/// last but one.
/// </summary>
public enum InitializerKind
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
