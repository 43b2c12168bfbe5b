using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Differentiation;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Graph;

public sealed class ReverseModeTests
{
    [Fact]
    public void AddGradients_TensorUsedTwice_SumsBothContributions()
    {
        var g = new GraphBuilder();
        NodeOutput x = g.Placeholder("x", DataType.Float, TensorShape.Scalar);
        NodeOutput y = g.AddNode("AddV2", [x, x]).Output();
        NodeOutput? dx = ReverseMode.AddGradients(g, y, [x])[0];
        Assert.Equal("AddV2", dx!.Value.Node.Op);
        Assert.StartsWith("gradients/", dx.Value.Node.Name, StringComparison.Ordinal);
    }

    [Fact]
    public void AddGradients_IndependentSource_IsNullAndAddsNothingForIt()
    {
        var g = new GraphBuilder();
        NodeOutput x = g.Placeholder("x", DataType.Float, TensorShape.Scalar),
            z = g.Placeholder("z", DataType.Float, TensorShape.Scalar);
        NodeOutput y = g.AddNode("Relu", [x]).Output();
        IReadOnlyList<NodeOutput?> gradients = ReverseMode.AddGradients(g, y, [x, z]);
        Assert.Equal("ReluGrad", gradients[0]!.Value.Node.Op);
        Assert.Null(gradients[1]);
    }

    [Fact]
    public void AddGradients_LossIsAVector_SaysSo()
    {
        var g = new GraphBuilder();
        NodeOutput x = g.Placeholder("x", DataType.Float, new TensorShape(3));
        var error = Assert.Throws<GraphException>(() => ReverseMode.AddGradients(g, x, [x]));
        Assert.Contains("Float[3]", error.Message);
    }

    [Fact]
    public void AddGradients_ThroughAnOpWithoutGradient_NamesIt()
    {
        var g = new GraphBuilder();
        NodeOutput x = g.Placeholder("x", DataType.Float, TensorShape.Scalar);
        NodeOutput y = g.AddNode("ReluGrad", [x, x], null, "odd").Output();
        var error = Assert.Throws<GraphException>(() => ReverseMode.AddGradients(g, y, [x]));
        Assert.Contains("ReluGrad 'odd' has no gradient", error.Message);
    }

    [Fact]
    public void AddNode_Misfits_AreRefusedWithNodeAndReason()
    {
        var g = new GraphBuilder();
        NodeOutput x = g.Placeholder("x", DataType.Float, new TensorShape(3));
        Assert.Contains("expected 1 inputs, received 2",
            Assert.Throws<GraphException>(() => g.AddNode("Relu", [x, x])).Message);
        Assert.Contains("unknown attribute 'alpha'",
            Assert.Throws<GraphException>(() => g.AddNode("Relu", [x], [new("alpha", AttributeValue.Of(1f))])).Message);
        g.AddNode("Relu", [x], null, "r");
        Assert.Contains("the name is taken",
            Assert.Throws<GraphException>(() => g.AddNode("Relu", [x], null, "r")).Message);
        Assert.Contains("'Softplux' is not supported",
            Assert.Throws<GraphException>(() => g.AddNode("Softplux", [x])).Message);
        Assert.Contains("do not broadcast", Assert.Throws<GraphException>(() =>
            g.AddNode("AddV2", [x, g.Placeholder("z", DataType.Float, new TensorShape(2))])).Message);
    }
}
