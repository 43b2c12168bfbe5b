using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Layers;

/// <summary>
/// Convolution with batch normalization, in the orders used in papers. The convolution has no bias; its variables are
/// <c>name/kernel</c> and <c>name/bn/…</c>.
/// </summary>
internal static class ConvBnLayers
{
    /// <summary>Convolution, then batch normalization, no activation.</summary>
    /// <param name="g">The graph.</param>
    /// <param name="x">Image [N,H,W,C].</param>
    /// <param name="filters">Output channels.</param>
    /// <param name="kernel">Size of the filters.</param>
    /// <param name="padding">SAME, VALID or explicit.</param>
    /// <param name="name">The layer's scope.</param>
    /// <param name="strides">Pixels between outputs.</param>
    /// <param name="epsilon">Batch normalization's.</param>
    /// <param name="groups">Groups of a grouped convolution.</param>
    /// <returns>[N,H',W',filters].</returns>
    public static NodeOutput ConvBn(this GraphBuilder g, NodeOutput x, int filters, KernelSize kernel, Padding padding,
        string name, int strides = 1, float epsilon = 1e-5f, int groups = 1)
    {
        var options = new Conv2DOptions { UseBias = false, Groups = groups,
            KernelInitializer = Initializer.HeNormalFanOut };
        return g.BatchNormalization(g.Conv2D(x, filters, kernel, padding, name, strides, options),
            $"{name}/bn", epsilon);
    }

    /// <summary>Convolution, batch normalization, ReLU. Ioffe, Szegedy 2015, arXiv:1502.03167, §3.2.</summary>
    /// <inheritdoc cref="ConvBn"/>
    public static NodeOutput ConvBnRelu(this GraphBuilder g, NodeOutput x, int filters, KernelSize kernel,
        Padding padding, string name, int strides = 1, float epsilon = 1e-5f, int groups = 1) =>
        g.Relu(g.ConvBn(x, filters, kernel, padding, name, strides, epsilon, groups), $"{name}/relu");
}
