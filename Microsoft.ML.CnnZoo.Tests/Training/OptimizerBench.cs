using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>Some variables whose gradients are fed, and an optimizer that moves them.</summary>
internal sealed class OptimizerBench : IDisposable
{
    private readonly VariableStore _store = new();
    private readonly OptimizerGraph _updates;
    private readonly Executable _plan;
    private readonly string[] _names;
    private readonly WeightAverage? _average;
    private int _steps;

    /// <param name="optimizer">The rule.</param>
    /// <param name="start">First values of each variable.</param>
    /// <param name="weightDecay">Decay of all of them.</param>
    /// <param name="clipNorm">Clips the gradients.</param>
    /// <param name="averaging">Averages the variables.</param>
    public OptimizerBench(Optimizer optimizer, float[][] start, float weightDecay = 0, float? clipNorm = null,
        WeightAveraging? averaging = null)
    {
        var g = new GraphBuilder(GraphMode.Training);
        _names = [.. Enumerable.Range(0, start.Length).Select(i => $"p{i}")];
        List<TrainedVariable> variables = [.. _names.Select((name, i) =>
        {
            var spec = new TensorSpec(DataType.Float, new TensorShape(start[i].Length));
            return new TrainedVariable(new VariableDefinition(name, spec, VariableRole.Kernel, Initializer.Zeros),
                g.Placeholder($"gradient/{name}", spec.Type, spec.Shape), weightDecay);
        })];
        if (clipNorm is { } norm)
            variables = GradientClipping.Add(g, variables, norm);
        _updates = optimizer.AddUpdates(g, variables);
        NetworkGraph graph = g.ToGraph();
        VariableInitialization.Initialize(_store, graph.Variables, 0);
        for (int i = 0; i < start.Length; i++)
            _store[_names[i]].Set(Tensor.Of<float>(new TensorShape(start[i].Length), start[i]));
        if (averaging is not null)
            _average = new WeightAverage(_store, _names, averaging, WorkerPool.Shared);
        _average?.Start();
        _plan = new Session(KernelSet.Shared).Compile(graph, new Dictionary<string, TensorShape>(),
            clipNorm is null ? [] : [graph[GradientClipping.NormNode].Output()], _updates.Updates, _store);
    }

    /// <summary>All variables, one after another.</summary>
    public float[] Parameters => [.. _names.SelectMany(n => _store[n].Values<float>().ToArray())];

    /// <summary>Their averages.</summary>
    public float[] Averages => [.. _names.SelectMany(n => _store[n + WeightAverage.Suffix].Values<float>().ToArray())];

    /// <summary>The gradients' norm in the last step.</summary>
    public float Norm => _plan.Fetch<float>(0)[0];

    /// <summary>Does a step; the variables after it.</summary>
    public float[] Step(float[][] gradients, float rate, float? momentum = null)
    {
        _steps++;
        for (int i = 0; i < gradients.Length; i++)
            gradients[i].CopyTo(_plan.Feed<float>($"gradient/{_names[i]}"));
        _updates.Feed(_plan, new OptimizerStepContext(_steps, rate, momentum));
        _plan.Run();
        _average?.Update(_steps);
        return Parameters;
    }

    public void Dispose()
    {
        _plan.Dispose();
        _store.Dispose();
    }
}
