namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Log</c>: y = ln x.</summary>
/// <remarks>x &gt; 0 → y, same shape; −∞ at 0, NaN below. dL/dx = dL/dy/x.</remarks>
internal sealed class Log() : OpDefinition("Log", 1)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } = [OpSchema.FloatingT];
    public override bool AllowsOverwrite(NodeDef node, int input) => true;

    public override TensorSpec[] Infer(in ShapeContext c) => OpSchema.SameAsFirst(c);
    public override NodeOutput?[] BuildGradient(in GradientContext c) =>
        [c.Op("RealDiv", c.OutputGradient, c.Inputs[0])];
}
