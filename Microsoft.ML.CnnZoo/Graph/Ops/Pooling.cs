namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>Shared by the pooling ops.</summary>
internal static class Pooling
{
    public static Pool2DGeometry Infer(in ShapeContext c, TensorShape input) =>
        Pool2DAttributes.From(c).TryGeometry(input, out Pool2DGeometry geometry) is string problem
        ? throw c.Error(problem) : geometry;
}
