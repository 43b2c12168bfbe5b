using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Weights;

/// <summary>
/// Between PyTorch's order of elements and ours: convolution OIHW ↔ HWIO, depthwise [C·m,1,kh,kw] ↔ [kh,kw,C,m], dense
/// [out,in] ↔ [in,out] with the rows of a kernel that reads a flattened image permuted from C,H,W to H,W,C. All else is
/// the same on both sides.
/// </summary>
internal static class TorchLayout
{
    /// <summary>The shape that PyTorch has for a variable.</summary>
    public static int[] Shape(VariableDefinition variable, bool depthwise)
    {
        int[] s = variable.Spec.Shape.Dimensions.ToArray();
        return variable.Role != VariableRole.Kernel ? s : s.Length switch
        {
            4 when depthwise => [s[2] * s[3], 1, s[0], s[1]],
            4 => [s[3], s[2], s[0], s[1]],
            2 => [s[1], s[0]],
            _ => s,
        };
    }

    /// <summary>
    /// Whether a tensor of a file is that variable: shapes agree, or the file has a dense layer as a 1x1 convolution.
    /// </summary>
    public static bool Fits(IReadOnlyList<long> file, int[] expected) =>
        file.Take(expected.Length).SequenceEqual(expected.Select(d => (long)d)) && file.Skip(expected.Length)
            .All(d => d == 1) && (file.Count == expected.Length || file.Count == 4);

    /// <summary>Position in PyTorch's order of each element in ours.</summary>
    public static Func<int, int> Map(VariableDefinition variable, bool depthwise)
    {
        int[] s = variable.Spec.Shape.Dimensions.ToArray();
        if (variable.Role != VariableRole.Kernel || s.Length is not (2 or 4))
            return i => i;
        if (s.Length == 2)
            return Dense(s[0], s[1], variable.FlattenShape);
        int taps = s[0] * s[1], inputs = s[2], outputs = s[3];
        return depthwise
            ? i => ((i % (inputs * outputs)) * taps) + (i / (inputs * outputs))
            : i => ((((i % outputs) * inputs) + (i / outputs % inputs)) * taps) + (i / (outputs * inputs));
    }

    private static Func<int, int> Dense(int inputs, int outputs, TensorShape? flatten)
    {
        if (flatten is null)
            return i => ((i % outputs) * inputs) + (i / outputs);
        int pixels = flatten[0] * flatten[1], channels = flatten[2];
        return i =>
        {
            int row = i / outputs;
            return ((i % outputs) * inputs) + ((row % channels) * pixels) + (row / channels);
        };
    }
}
