using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;

namespace Microsoft.ML.CnnZoo.Formats;

/// <summary>Runs a network from a file on numbers in the file's own order, to compare it with where it comes from.
/// </summary>
internal static class FrozenNetworkRun
{
    /// <summary>Computes a tensor.</summary>
    /// <param name="network">The network.</param>
    /// <param name="input">Images in the file's order, such as [N,C,H,W]; any number.</param>
    /// <param name="tensor">Name of the tensor in the file; null: its first output.</param>
    /// <returns>The tensor in the file's order.</returns>
    /// <exception cref="InvalidDataException">The images have another size, or there is no such tensor.</exception>
    public static KnownArray Run(FrozenNetwork network, KnownArray input, string? tensor = null)
    {
        FileTensor wanted = tensor is null ? network.Output : Find(network, tensor);
        int[] axes = wanted.Axes is { } known ? [.. known] : throw new InvalidDataException(
            $"'{network.Origin}': the elements of '{wanted.Name}' are in another order here; name a tensor before or behind it.");
        // Our dimension Axes[i] is the file's i.
        int[] inputAxes = [.. network.Input.Axes!];
        TensorShape expected = network.Input.Tensor.Shape;
        if (input.Shape is [var count, var values] && expected.With(0, 1).ElementCount == values)
            input = input.Reshape([.. inputAxes.Select(a => a == 0 ? count : expected[a])]); // flattened images
        string[] sizes = [.. inputAxes.Select(a => expected[a] < 0 ? "N" : $"{expected[a]}")];
        if (input.Shape.Length != expected.Rank
            || inputAxes.Where((a, i) => expected[a] != TensorShape.Unknown && expected[a] != input.Shape[i]).Any()
            || input.Shape[0] < 1)
            throw new InvalidDataException($"'{network.Origin}' takes [{string.Join(',', sizes)}], "
                + $"received {KnownArray.Text(input.Shape)}.");
        KnownArray image = input.Transpose(Inverse(inputAxes));
        using var variables = new VariableStore();
        using Executable plan = new Session(KernelSet.Shared).Compile(network.Graph,
            new Dictionary<string, TensorShape> { [network.Input.Tensor.Node.Name] = new TensorShape(image.Shape) },
            [wanted.Tensor], [], variables);
        image.ToFloats().CopyTo(plan.Feed<float>(network.Input.Tensor.Node.Name));
        plan.Run(CancellationToken.None);
        float[] results = plan.Fetch<float>(0).ToArray();
        int[] shape = [.. wanted.Tensor.Shape.Dimensions.ToArray()
            .Select(d => d == TensorShape.Unknown ? input.Shape[0] : d)];
        return KnownArray.Of(shape, results).Transpose(axes);
    }

    private static int[] Inverse(int[] permutation)
    {
        var inverse = new int[permutation.Length];
        for (int i = 0; i < inverse.Length; i++)
            inverse[permutation[i]] = i;
        return inverse;
    }

    private static FileTensor Find(FrozenNetwork network, string name)
    {
        if (network.Tensors.TryGetValue(name, out FileTensor? found))
            return found;
        IReadOnlyList<string> near = Architectures.ArchitectureNames.Near(name, network.Tensors.Keys);
        throw new InvalidDataException($"'{network.Origin}' has no tensor '{name}'"
            + (near.Count > 0 ? $"; the most similar names are {string.Join(", ", near)}." : "."));
    }
}
