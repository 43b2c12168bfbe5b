using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>A copy of some variables' values, to go back to.</summary>
internal sealed class WeightSnapshot(VariableStore variables, IReadOnlyList<string> names) : IDisposable
{
    private readonly VariableStore _copy = new();

    /// <summary>Whether there is something to go back to.</summary>
    public bool IsTaken { get; private set; }

    /// <summary>Copies the present values.</summary>
    public void Take()
    {
        foreach (string name in names)
            _copy.GetOrAdd(name, variables[name].Spec).CopyFrom(variables[name]);
        IsTaken = true;
    }

    /// <summary>The first variable of which a present value is infinite or not a number; null when there is none.</summary>
    public string? FindNonFinite() => names.FirstOrDefault(name => !variables[name].IsFinite);

    /// <summary>Puts the copied values back.</summary>
    public void Restore()
    {
        if (!IsTaken)
            return;
        foreach (string name in names)
            variables[name].CopyFrom(_copy[name]);
    }

    public void Dispose() => _copy.Dispose();
}
