namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>ResourceApplyGradientDescent</c>: var −= alpha·delta.</summary>
/// <remarks>(var, alpha, delta) → nothing.</remarks>
internal sealed class ResourceApplyGradientDescent()
    : OptimizerStep("ResourceApplyGradientDescent", handles: 1, inputs: 3, gradient: 2, nesterov: false);
