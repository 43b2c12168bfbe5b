namespace Microsoft.ML.CnnZoo.Graph;

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
