using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>A copy of some variables' values, to go back to.</summary>
internal sealed class WeightSnapshot(VariableStore variables, IReadOnlyList<string> names) : IDisposable
{
    private readonly VariableStore _copy = new();

    /// <summary>Whether there is something to go back to.</summary>
    public bool IsTaken { get; private set; }

    /// <summary>The copied values; they may be replaced.</summary>
    public VariableStore Values
    {
        get
        {
            foreach (string name in names)
                _copy.GetOrAdd(name, variables[name].Spec);
            IsTaken = true;
            return _copy;
        }
    }

    /// <summary>Copies the present values.</summary>
    public void Take()
    {
        foreach (Variable copy in Values.Variables)
            copy.CopyFrom(variables[copy.Name]);
    }

    /// <summary>The first variable of which a present value is infinite or not a number; null when there is none.</summary>
    public string? FindNonFinite() => names.FirstOrDefault(name => !variables[name].IsFinite);

    /// <summary>Puts the copied values back.</summary>
    public void Restore()
    {
        foreach (Variable copy in _copy.Variables)
            variables[copy.Name].CopyFrom(copy);
    }

    public void Dispose() => _copy.Dispose();
}
