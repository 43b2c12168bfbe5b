using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>
/// Draws the first values of variables. Each variable has a random stream of its own, named after it: adding a layer
/// changes no other layer's numbers.
/// </summary>
internal static class VariableInitialization
{
    private const int ValuesPerBlock = 2, PieceLength = 1 << 16;

    /// <summary>Sets every variable of <paramref name="definitions"/> to its first value.</summary>
    /// <param name="store">Receives the values.</param>
    /// <param name="definitions">Variables of a graph, optimizer slots included.</param>
    /// <param name="seed">The seed of the random streams.</param>
    /// <param name="kernelInitializer">For all kernels of convolutions and dense layers, in place of the architecture's
    /// own; null for its own.</param>
    public static void Initialize(VariableStore store, IEnumerable<VariableDefinition> definitions, long seed,
        Initializer? kernelInitializer = null)
    {
        var pieces = new List<(Variable Variable, VariableDefinition Definition, int Start, int Length)>();
        foreach (VariableDefinition own in definitions)
        {
            VariableDefinition definition = kernelInitializer is not null && own.Role == VariableRole.Kernel
                ? own with { Initializer = kernelInitializer } : own;
            Variable variable = store.GetOrAdd(definition.Name, definition.Spec);
            int count = variable.Values<float>().Length, piece = CanBeginAnywhere(definition.Initializer.Kind)
                ? PieceLength : int.MaxValue;
            for (int start = 0; start < count; start += Math.Min(piece, count - start))
                pieces.Add((variable, definition, start, Math.Min(piece, count - start)));
            variable.Touch();
        }
        Parallel.ForEach(pieces, p =>
        {
            var random = new PhiloxRandom(seed, RandomPurpose.Initialization, p.Definition.Name);
            random.Skip(p.Start / ValuesPerBlock);
            Fill(p.Variable.Values<float>().Slice(p.Start, p.Length), p.Definition, random);
        });
    }

    /// <summary>
    /// Whether values 2k and 2k+1 come from block k of the stream, so that threads may begin anywhere. (Truncation
    /// draws until a value fits.)
    /// </summary>
    private static bool CanBeginAnywhere(InitializerKind kind) =>
        kind is not (InitializerKind.TruncatedNormal or InitializerKind.RandomSigns);

    private static void Fill(Span<float> values, VariableDefinition definition, PhiloxRandom random)
    {
        (double fanIn, double fanOut) = Fans(definition.Spec.Shape);
        double scale = definition.Initializer.Scale;
        switch (definition.Initializer.Kind)
        {
            case InitializerKind.Constant: values.Fill((float)scale); break;
            case InitializerKind.Normal: FillNormal(values, scale, random); break;
            case InitializerKind.TruncatedNormal: FillTruncatedNormal(values, scale, random); break;
            case InitializerKind.Uniform: FillUniform(values, scale, random); break;
            case InitializerKind.FanInNormal: FillNormal(values, Math.Sqrt(scale / fanIn), random); break;
            case InitializerKind.FanOutNormal: FillNormal(values, Math.Sqrt(scale / fanOut), random); break;
            case InitializerKind.FanAverageUniform: FillUniform(values, Math.Sqrt(6 * scale / (fanIn + fanOut)),
                random); break;
            case InitializerKind.InverseFanInUniform: FillUniform(values, scale / fanIn, random); break;
            case InitializerKind.RandomSigns: FillSigns(values, random); break;
            default: throw new ArgumentException(
                $"The variable '{definition.Name}' has an unknown initializer, {definition.Initializer.Kind}.",
                nameof(definition));
        }
    }

    /// <summary>
    /// fan_in: all dimensions but the last; fan_out: all but the last but one (TensorFlow's rule for HWIO and
    /// [in,out]).
    /// </summary>
    private static (double In, double Out) Fans(TensorShape shape)
    {
        double receptive = 1;
        for (int i = 0; i < shape.Rank - 2; i++)
            receptive *= shape[i];
        return shape.Rank switch
        {
            0 => (1, 1),
            1 => (shape[0], shape[0]),
            _ => (receptive * shape[^2], receptive * shape[^1]),
        };
    }

    private static void FillNormal(Span<float> values, double deviation, PhiloxRandom random)
    {
        foreach (ref float value in values)
            value = (float)(deviation * random.NextNormal());
    }

    private static void FillTruncatedNormal(Span<float> values, double deviation, PhiloxRandom random)
    {
        foreach (ref float value in values)
        {
            double z;
            do
                z = random.NextNormal();
            while (Math.Abs(z) > 2);
            value = (float)(deviation * z);
        }
    }

    private static void FillUniform(Span<float> values, double halfWidth, PhiloxRandom random)
    {
        foreach (ref float value in values)
            value = (float)(halfWidth * (2 * random.NextDouble() - 1));
    }

    private static void FillSigns(Span<float> values, PhiloxRandom random)
    {
        foreach (ref float value in values)
            value = (random.NextUInt32() & 1) == 0 ? -1 : 1;
    }
}
