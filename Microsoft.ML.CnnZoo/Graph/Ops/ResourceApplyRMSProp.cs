namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>ResourceApplyRMSProp</c>: Tieleman, Hinton 2012, with momentum.</summary>
/// <remarks>
/// (var, ms, mom, lr, rho, momentum, epsilon, grad) → nothing. ms = rho·ms + (1−rho)·grad²; mom = momentum·mom +
/// lr·grad/√(ms + epsilon); var −= mom.
/// </remarks>
internal sealed class ResourceApplyRMSProp()
    : OptimizerStep("ResourceApplyRMSProp", handles: 3, inputs: 8, gradient: 7, nesterov: false);
