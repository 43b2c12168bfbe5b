using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo.Graph;

/// <summary>Graphs of networks for those who work with graphs.</summary>
public static class CnnArchitectureGraphs
{
    /// <summary>
    /// The graph of a whole training step: forward pass, loss with auxiliary losses, gradients, updates of statistics
    /// and weights.
    /// <see cref="CnnArchitecture.BuildGraph(int, ImageShape?)"/> gives the one that scores.
    /// </summary>
    /// <param name="architecture">The network.</param>
    /// <param name="classes">Number of classes, ≥ 2.</param>
    /// <param name="image">Size of the images; null: the paper's.</param>
    /// <param name="optimizer">The rule that moves the weights; null: gradient descent with momentum 0.9.</param>
    /// <param name="loss">The loss; null: the architecture's own.</param>
    /// <param name="weightDecay">The factor c in gradient ← gradient + c · weight, on kernels only, ≥ 0;
    /// default 0.</param>
    /// <param name="seed">Seed of dropout's masks; default 0.</param>
    /// <returns>
    /// Its placeholders: <c>image</c> [N,H,W,C], already normalized, <c>label</c> [N] (Int32), <c>step</c> where there
    /// is dropout, and the optimizer's scalars, the learning rate among them.
    /// </returns>
    /// <exception cref="ArgumentException">A value is out of its range, or the loss is for another kind of
    /// outputs.</exception>
    /// <exception cref="GraphException">The images are too small for the network.</exception>
    public static NetworkGraph BuildTrainingGraph(this CnnArchitecture architecture, int classes,
        ImageShape? image = null,
        Optimizer? optimizer = null, ClassificationLoss? loss = null, float weightDecay = 0, int seed = 0)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        var options = new TrainingOptions
        {
            Optimizer = optimizer ?? new MomentumOptimizer(),
            Loss = loss,
            WeightDecay = weightDecay,
            Seed = seed,
        };
        options.Check();
        return new ClassificationGraphs(architecture, image ?? architecture.DefaultInput, classes)
            .Training(options).Graph;
    }
}
