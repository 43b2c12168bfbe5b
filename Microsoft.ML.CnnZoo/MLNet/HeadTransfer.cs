using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>
/// Takes the head of a trained model over into a network for more, fewer or other classes: a class of the same name
/// keeps its weights.
/// </summary>
/// <param name="model">The trained model.</param>
/// <param name="classNames">Its classes.</param>
/// <param name="labels">The classes of the new network.</param>
internal sealed class HeadTransfer(CnnClassificationModel model, LabelValues classNames, LabelValues labels)
{
    /// <summary>For each new class the number that it has in the model; -1 where it is not there.</summary>
    private readonly int[] _origins = Match(classNames, labels);

    /// <summary>Copies the weights of the classes that go on; those of new classes stay as they are.</summary>
    /// <param name="variables">The new network's.</param>
    /// <returns>What became of the classes, for the log.</returns>
    /// <exception cref="InvalidOperationException">The network's head cannot be taken apart by classes.</exception>
    public string CopyTo(VariableStore variables)
    {
        CnnArchitecture network = model.Architecture;
        Dictionary<string, TensorShape> wider = network.HeadVariables(model.Classes + 1, model.Image)
            .ToDictionary(v => v.Name, v => v.Spec.Shape, StringComparer.Ordinal);
        foreach (VariableDefinition variable in network.HeadVariables(model.Classes, model.Image))
        {
            TensorShape shape = variable.Spec.Shape, other = wider[variable.Name];
            int[] axes = [.. Enumerable.Range(0, shape.Rank).Where(d => shape[d] != other[d])];
            if (axes is not [int axis] || shape[axis] != model.Classes || (!variable.IsTrainable && !IsSameClasses()))
                throw new InvalidOperationException($"{network.DisplayName} can go on with the same classes in the same order "
                    + $"only: '{variable.Name}' {shape} of its head is not made of one trained part for each class. Set "
                    + "Options.ResetHead to begin its head anew.");
            Copy(model.Weights[variable.Name], variables[variable.Name], shape, axis);
        }
        return Describe();
    }

    private void Copy(Variable from, Variable to, TensorShape shape, int axis)
    {
        int outer = (int)new TensorShape(shape.Dimensions[..axis]).ElementCount,
            inner = (int)new TensorShape(shape.Dimensions[(axis + 1)..]).ElementCount;
        Span<float> source = from.Values<float>(), target = to.Values<float>();
        for (int o = 0; o < outer; o++)
            for (int c = 0; c < _origins.Length; c++)
                if (_origins[c] >= 0)
                    source.Slice(((o * model.Classes) + _origins[c]) * inner, inner)
                        .CopyTo(target[(((o * _origins.Length) + c) * inner)..]);
        to.Touch();
    }

    private bool IsSameClasses() => _origins.Length == model.Classes
        && _origins.Index().All(o => o.Item == o.Index);

    private string Describe()
    {
        string[] added = [.. _origins.Index().Where(o => o.Item < 0).Select(o => labels.Text(o.Index))],
            gone = [.. Enumerable.Range(0, model.Classes).Except(_origins).Select(classNames.Text)];
        return $"{_origins.Count(o => o >= 0)} classes of the initial model go on with their weights"
            + $"{List("; new", added)}{List("; dropped", gone)}.";

        static string List(string what, string[] names) => names.Length == 0 ? ""
            : $"{what}: {string.Join(", ", names.Take(20))}{(names.Length > 20 ? $" and {names.Length - 20} more" : "")}";
    }

    /// <summary>By their values, or by number where one of them has none.</summary>
    private static int[] Match(LabelValues old, LabelValues now)
    {
        if (old.ItemType is null || now.ItemType is null)
            return [.. Enumerable.Range(0, now.Count).Select(c => c < old.Count ? c : -1)];
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int c = 0; c < old.Count; c++)
            numbers.TryAdd(old.Text(c), c);
        return [.. now.Texts().Select(t => numbers.GetValueOrDefault(t, -1))];
    }
}
