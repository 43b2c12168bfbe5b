namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>ResourceApplyKerasMomentum</c>: accum = momentum·accum − lr·grad; var += accum.</summary>
/// <remarks>
/// (var, accum, lr, grad, momentum) → nothing. With <c>use_nesterov</c>: var += momentum·accum − lr·grad. The rule of
/// Krizhevsky et al. 2012, §5.
/// </remarks>
internal sealed class ResourceApplyKerasMomentum()
    : OptimizerStep("ResourceApplyKerasMomentum", handles: 2, inputs: 5, gradient: 3, nesterov: true);
