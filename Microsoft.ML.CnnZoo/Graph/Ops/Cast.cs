namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>TensorFlow op <c>Cast</c>: the same values in another element type.</summary>
/// <remarks>x → y, same shape, of type <c>DstT</c>; floats to integers truncate towards 0. dL/dx = Cast(dL/dy) between
/// floating types.
/// In bfloat16 plans the attribute <see cref="Folded"/> marks a cast of a weight or constant that does not run: the
/// kernels that read it get the float32 values and round them themselves.</remarks>
internal sealed class Cast() : OpDefinition("Cast", 1)
{
    /// <summary>
    /// Attribute of this engine, not TensorFlow's: true for a cast that the kernels that read it do themselves.
    /// </summary>
    public const string Folded = "_folded";

    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        [new("SrcT", AttributeKind.Type, FromInput: 0), new("DstT", AttributeKind.Type), OpSchema.Flag("Truncate")];

    public override bool IsView(NodeDef node) => node.Attributes.ContainsKey(Folded);

    public override TensorSpec[] Infer(in ShapeContext c) => [new(c.Attribute("DstT").Type, c.Inputs[0].Shape)];

    public override NodeOutput?[] BuildGradient(in GradientContext c) => c.OutputGradient.Type.IsFloating()
        ? [c.Builder.AddNode("Cast", [c.OutputGradient], [new("DstT", AttributeValue.Of(c.Inputs[0].Type))]).Output()]
        : [null];
}
