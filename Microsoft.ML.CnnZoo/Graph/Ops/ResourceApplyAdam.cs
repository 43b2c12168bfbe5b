namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>ResourceApplyAdam</c>: Kingma, Ba 2014, arXiv:1412.6980, in the form with "epsilon hat".
/// </summary>
/// <remarks>
/// (var, m, v, beta1_power, beta2_power, lr, beta1, beta2, epsilon, grad) → nothing.
/// m += (1−beta1)(grad − m), v += (1−beta2)(grad² − v),
/// var −= lr·√(1−beta2_power)/(1−beta1_power)·m/(√v + epsilon); the powers are those of this step (betaᵗ, t from 1).
/// With <c>use_nesterov</c>, m is beta1·m + (1−beta1)·grad.
/// </remarks>
internal sealed class ResourceApplyAdam()
    : OptimizerStep("ResourceApplyAdam", handles: 3, inputs: 10, gradient: 9, nesterov: true);
