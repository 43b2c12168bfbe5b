namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// TensorFlow op <c>Conv2DBackpropInput</c>: the gradient of <c>Conv2D</c> with respect to its image (a transposed
/// convolution).
/// </summary>
/// <remarks>
/// (input_sizes [4], w [kh,kw,C/groups,F], dy [N,H',W',F]) → dx [N,H,W,C] of shape input_sizes. As a function of dy it
/// is linear: dL/d(dy) = Conv2D(dL/d(dx), w), dL/dw = Conv2DBackpropFilter(dL/d(dx), shape of w, dy).
/// </remarks>
internal sealed class Conv2DBackpropInput() : OpDefinition("Conv2DBackpropInput", 3)
{
    public override IReadOnlyList<AttributeSpec> Attributes { get; } =
        Convolution.Schema(typeInput: 1, withCudnn: true);

    public override BFloat16Rule BFloat16 => BFloat16Rule.Always;

    public override TensorSpec[] Infer(in ShapeContext c)
    {
        Convolution.RequireOneType(c, 1, 2);
        TensorShape input = c.ToShape(c.RequireConstant(0, "input_sizes"));
        c.RequireShape(2, Convolution.Infer(c, input, c.Inputs[1].Shape, depthwise: false).OutputShape);
        return [new(c.Inputs[1].Type, input)];
    }

    public override NodeOutput?[] BuildGradient(in GradientContext c)
    {
        IEnumerable<KeyValuePair<string, AttributeValue>> attributes = Conv2DAttributes.From(c.Node).ToAttributes();
        return
        [
            null,
            c.Needed[1] ? c.Builder.AddNode("Conv2DBackpropFilter",
                [c.OutputGradient, c.Ints(c.Inputs[1].Shape.Dimensions), c.Inputs[2]], attributes).Output() : null,
            c.Needed[2] ? c.Builder.AddNode("Conv2D", [c.OutputGradient, c.Inputs[1]], attributes).Output() : null,
        ];
    }
}
