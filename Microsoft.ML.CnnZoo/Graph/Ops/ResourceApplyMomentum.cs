namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>ResourceApplyMomentum</c>: accum = momentum·accum + grad; var −= lr·accum.</summary>
/// <remarks>
/// (var, accum, lr, grad, momentum) → nothing. With <c>use_nesterov</c>: var −= lr·(grad + momentum·accum). PyTorch's
/// rule.
/// </remarks>
internal sealed class ResourceApplyMomentum()
    : OptimizerStep("ResourceApplyMomentum", handles: 2, inputs: 5, gradient: 3, nesterov: true);
