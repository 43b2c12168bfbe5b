using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo.Tests.Formats;

/// <summary>Networks with weights as after training: nothing is 0 or 1 that training moves.</summary>
internal static class RandomNetwork
{
    public const int Classes = 7;

    /// <summary>A model for images of the smallest size, or of a given one.</summary>
    public static CnnClassificationModel Create(CnnArchitecture architecture, ImageShape? image = null, bool floats = false)
    {
        int side = architecture.MinimumSize, channels = architecture.DefaultInput.Channels;
        ImageShape size = image ?? new ImageShape(side, side, channels);
        PixelNormalization normalization = size.Channels == 3 ? PixelNormalization.ImageNet
            : PixelNormalization.LeCun1998(size.Channels);
        var model = new CnnClassificationModel(architecture, size, Classes, normalization, new VariableStore())
        {
            TakesFloats = floats,
        };
        IReadOnlyList<VariableDefinition> variables = model.Graphs.Scoring().Graph.Variables;
        VariableInitialization.Initialize(model.Weights, variables, seed: 5);
        foreach (VariableDefinition variable in variables)
            Move(variable, model.Weights[variable.Name]);
        return model;
    }

    /// <summary>Pixels 0…255.</summary>
    public static float[] Pixels(int count, int seed = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)random.Next(256))];
    }

    /// <summary>What this library computes of pixels [n,H,W,C]: logits and probabilities.</summary>
    public static (float[] Logits, float[] Scores) Run(CnnClassificationModel model, float[] pixels)
    {
        ClassificationGraph scoring = model.Graphs.Scoring();
        NodeOutput scores = scoring.Fetches[0];
        int batch = pixels.Length / model.Image.ValueCount;
        using Executable plan = new Session(KernelSet.Shared).Compile(scoring.Graph, scoring.Feeds(batch),
            [scores.Node.Inputs[0], scores], [], model.Weights);
        model.Normalization.Apply(pixels, plan.Feed<float>(ClassificationGraph.ImageInput));
        plan.Run(CancellationToken.None);
        return (plan.Fetch<float>(0).ToArray(), plan.Fetch<float>(1).ToArray());
    }

    private static void Move(VariableDefinition definition, Variable variable)
    {
        if (definition.Role is VariableRole.Kernel or VariableRole.Fixed)
            return;
        var random = new Random(definition.Name.Length + (17 * (int)definition.Spec.Shape.ElementCount));
        foreach (ref float value in variable.Values<float>())
            value += (value == 0 ? 0.1f : 0.3f * value) * (random.NextSingle() - 0.5f);
        variable.Touch();
    }
}
