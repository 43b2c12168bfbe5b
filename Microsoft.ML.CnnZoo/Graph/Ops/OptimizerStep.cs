namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// Shared by the optimizers' ops: (handles, scalars, gradient) → nothing; the handles' memory is updated in place.
/// </summary>
/// <param name="name">TensorFlow's op name.</param>
/// <param name="handles">Number of handles: the variable, then its slots, all of the variable's shape.</param>
/// <param name="inputs">Number of inputs.</param>
/// <param name="gradient">Index of the gradient; all other inputs after the handles are scalars.</param>
/// <param name="nesterov">Whether the op has the attribute <c>use_nesterov</c>.</param>
internal abstract class OptimizerStep(string name, int handles, int inputs, int gradient, bool nesterov)
    : OpDefinition(name, inputs)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = nesterov
        ? [OpSchema.FloatingTOf(gradient), OpSchema.Flag("use_locking"), OpSchema.Flag("use_nesterov")]
        : [OpSchema.FloatingTOf(gradient), OpSchema.Flag("use_locking")];
    public override bool IsStateful => true;
    public override bool IsDifferentiable => false;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        for (int i = 0; i < c.Inputs.Count; i++)
        {
            if (i < handles)
                c.RequireHandle(i);
            c.RequireShape(i, i < handles || i == gradient ? c.Inputs[0].Shape : TensorShape.Scalar);
        }
        return [];
    }
}
