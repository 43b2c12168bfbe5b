namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary>An activation fused behind a convolution or product, with oneDNN's two parameters.</summary>
internal readonly record struct Activation(DnnlAlgorithm Algorithm, float Alpha = 0, float Beta = 0)
{
    /// <summary>Reads the part of <c>fused_ops</c> behind bias and side input. False for one that oneDNN lacks or computes differently.</summary>
    public static bool TryParse(ReadOnlySpan<string> fusedOps, out Activation activation)
    {
        activation = fusedOps is [string op]
            ? op switch
            {
                "Relu" => new Activation(DnnlAlgorithm.EltwiseRelu),
                "Relu6" => new Activation(DnnlAlgorithm.EltwiseClip, 0, 6),
                "Tanh" => new Activation(DnnlAlgorithm.EltwiseTanh),
                "Sigmoid" => new Activation(DnnlAlgorithm.EltwiseLogistic),
                _ => default,
            }
            : default;
        return fusedOps.IsEmpty || activation.Algorithm != 0;
    }

    /// <summary>Adds it to a primitive's post-ops; nothing for none.</summary>
    public void AppendTo(DnnlPostOpsHandle postOps)
    {
        if (Algorithm != 0)
            DnnlNative.AppendEltwise(postOps, Algorithm, Alpha, Beta);
    }
}
