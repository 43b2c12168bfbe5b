using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Weights.Names;

/// <summary>What files of one origin call a network's variables, and how they lay them out.</summary>
internal abstract class WeightNames
{
    /// <summary>The tensor of a variable.</summary>
    public abstract string Of(VariableDefinition variable);

    /// <summary>The tensor's shape; PyTorch's unless a file is of another layout.</summary>
    public virtual int[] Shape(VariableDefinition variable, bool depthwise) => TorchLayout.Shape(variable, depthwise);

    /// <summary>Position in the tensor of each element of the variable.</summary>
    public virtual Func<int, int> Map(VariableDefinition variable, bool depthwise) =>
        TorchLayout.Map(variable, depthwise);

    /// <summary>
    /// The tensor of a bias before a batch normalization with this moving mean, which has to be subtracted from it:
    /// the network has no such bias. Null where there is none.
    /// </summary>
    public virtual string? BiasBefore(VariableDefinition movingMean) => null;

    /// <summary>Whether files leave the variable out because it keeps its initial value: a gamma of ones.</summary>
    public virtual bool MayLack(VariableDefinition variable) => false;
}
