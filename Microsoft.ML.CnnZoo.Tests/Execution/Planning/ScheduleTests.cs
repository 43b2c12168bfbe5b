using Microsoft.ML.CnnZoo.Execution.Planning;
using Microsoft.ML.CnnZoo.Graph;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Execution.Planning;

public sealed class ScheduleTests
{
    [Fact]
    public void Order_UpdateWrittenBeforeALaterReader_RunsAfterIt()
    {
        var g = new GraphBuilder();
        var w = new VariableDefinition("w", new TensorSpec(DataType.Float, new TensorShape(3)), VariableRole.Kernel,
            Initializer.Zeros);
        NodeOutput read = g.ReadVariable(w);
        NodeOutput gradient = g.AddNode("Relu", [read], null, "gradient").Output();
        g.AddNode("ResourceApplyGradientDescent",
            [g.VariableHandle(w), g.Constant(TensorLiteral.Scalar(0.1f)), gradient], null, "update");
        g.AddNode("Tanh", [g.AddNode("Reshape", [read, g.Constant(TensorLiteral.Vector(3, 1))]).Output()], null,
            "late reader");
        g.AddNode("Sigmoid", [gradient], null, "independent");
        string[] order = [.. Schedule.Order(g.ToGraph()).Select(n => n.Name)];
        Assert.Equal(["gradient", "late reader", "update", "independent"], order);
    }

    [Fact]
    public void Root_ThroughViews_IsTheProducer()
    {
        var g = new GraphBuilder();
        NodeOutput x = g.Placeholder("x", DataType.Float, new TensorShape(4));
        NodeOutput relu = g.AddNode("Relu", [x]).Output();
        NodeOutput view = g.AddNode("Identity",
            [g.AddNode("Reshape", [relu, g.Constant(TensorLiteral.Vector(2, 2))]).Output()]).Output();
        Assert.Equal(relu, Schedule.Root(view));
    }
}
