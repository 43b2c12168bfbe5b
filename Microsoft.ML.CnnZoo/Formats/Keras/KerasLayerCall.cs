using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.Keras;

/// <summary>What a layer is called with: a tensor of the graph, or numbers.</summary>
internal readonly record struct KerasInput(NodeOutput? Tensor, KnownArray? Numbers);

/// <summary>A call of a layer with its inputs.</summary>
/// <param name="layer">The layer.</param>
/// <param name="inputs">The inputs.</param>
internal sealed class KerasLayerCall(KerasLayer layer, IReadOnlyList<KerasInput> inputs)
{
    /// <summary>The layer.</summary>
    public KerasLayer Layer => layer;

    /// <summary>Its configuration.</summary>
    public KerasConfig Config => layer.Config;

    /// <summary>All inputs.</summary>
    public IReadOnlyList<KerasInput> Inputs => inputs;

    /// <summary>The only tensor that it is called with.</summary>
    /// <exception cref="InvalidDataException">There are none or several.</exception>
    public NodeOutput X => inputs.Where(i => i.Tensor is not null).ToArray() is [{ Tensor: { } x }] ? x
        : throw new InvalidDataException($"it is called with {inputs.Count} inputs; expected one");

    /// <summary>The only tensor, which is an image [N,H,W,C].</summary>
    /// <exception cref="InvalidDataException">It has another rank.</exception>
    public NodeOutput Image => X.Shape.Rank == 4 ? X
        : throw new InvalidDataException($"its input has the shape {X.Shape}; expected images [N,H,W,C]");

    /// <summary>How its windows are placed at the borders.</summary>
    public Padding Padding => Config.Text("padding")?.ToLowerInvariant() switch
    {
        "same" => Padding.Same,
        "valid" or null => Padding.Valid,
        var other => throw new InvalidDataException($"its padding is '{other}'; 'same' and 'valid' are supported"),
    };

    /// <summary>A dimension of its input by a number that may count from the back.</summary>
    /// <exception cref="InvalidDataException">There is no such dimension.</exception>
    public int Axis(string name, int otherwise)
    {
        int rank = (Inputs.FirstOrDefault(i => i.Tensor is not null).Tensor ?? X).Shape.Rank;
        int axis = Config.Integers(name) switch
        {
            null => otherwise,
            [var one] => one,
            var several => throw new InvalidDataException($"it has {several.Length} axes; one is supported"),
        };
        return axis >= -rank && axis < rank ? (axis + rank) % rank
            : throw new InvalidDataException($"its input of rank {rank} has no axis {axis}");
    }

    /// <summary>Refuses an axis that is not the last.</summary>
    public void RequireLastAxis(string name)
    {
        if (Axis(name, -1) is var axis && axis != X.Shape.Rank - 1)
            throw new InvalidDataException($"it is along the axis {axis} of {X.Shape}; only the last is supported");
    }
}
