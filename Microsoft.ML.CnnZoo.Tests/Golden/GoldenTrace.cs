using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Layers;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.CnnZoo.Weights.Names;

namespace Microsoft.ML.CnnZoo.Tests.Golden;

/// <summary>A training trace of golden/training: what to train, how, and what came of it.</summary>
internal sealed partial class GoldenTrace : IDisposable
{
    private readonly JsonDocument _document;

    /// <summary>Reads a file.</summary>
    public GoldenTrace(string file)
    {
        _document = JsonDocument.Parse(File.ReadAllBytes(file));
        Network = GoldenNetwork.Find(Text("model"))!;
        Image = GoldenBatches.Image(Root.GetProperty("data"), Network.DefaultInput);
        Graphs = new ClassificationGraphs(Network, Image, FirstLogits.Length);
    }

    /// <summary>The network.</summary>
    public CnnArchitecture Network { get; }

    /// <summary>Size of its images.</summary>
    public ImageShape Image { get; }

    /// <summary>Loss before each step.</summary>
    public double[] Losses => Numbers("loss_f64");

    /// <summary>Relative tolerance of each loss.</summary>
    public double[] Tolerances => Numbers("suggested_loss_rtol");

    /// <summary>Outputs of the first image before the first step.</summary>
    public double[] FirstLogits => Numbers("logits_step1_sample0");

    /// <summary>Steps of the trace.</summary>
    public int Steps => Root.GetProperty("steps").GetInt32();

    /// <summary>Leading steps that another implementation can follow.</summary>
    public int ComparableSteps => Root.GetProperty("comparable_steps").GetInt32();

    /// <summary>The step after which check_… was measured.</summary>
    public int CheckpointStep => Root.GetProperty("checkpoint_after_step").GetInt32();

    /// <summary>Trained tensors: gradients and norms.</summary>
    public IEnumerable<JsonElement> Parameters => Root.GetProperty("params").EnumerateArray();

    /// <summary>Batch normalization's running statistics.</summary>
    public IEnumerable<JsonElement> Statistics =>
        Root.TryGetProperty("bn_running", out JsonElement list) ? list.EnumerateArray() : [];

    /// <summary>Graphs of the classifier.</summary>
    internal ClassificationGraphs Graphs { get; }

    /// <summary>How it was trained. PyTorch decays all parameters.</summary>
    internal TrainingOptions Options
    {
        get
        {
            JsonElement optimizer = Root.GetProperty("optimizer");
            return new TrainingOptions
            {
                LearningRate = optimizer.GetProperty("lr").GetSingle(),
                WeightDecay = Number(optimizer, "wd"),
                DecayAllParameters = true,
                Optimizer = GoldenOptimizers.Parse(optimizer.GetProperty("rule").GetString()!, optimizer),
                Loss = Loss,
            };
        }
    }

    /// <summary>Loss.</summary>
    internal ClassificationLoss Loss
    {
        get
        {
            string loss = Text("loss_function");
            if (loss.Contains("eq. 8", StringComparison.Ordinal))
                return new RbfMeanSquaredErrorLoss();
            if (loss.Contains("eq. 9", StringComparison.Ordinal))
                return new RbfMaximumAPosterioriLoss(Number(Root, "j", 1));
            Match smoothing = Smoothing().Match(loss);
            return new SoftmaxCrossEntropyLoss(smoothing.Success
                ? float.Parse(smoothing.Groups[1].Value, CultureInfo.InvariantCulture)
                : Number(Root, "label_smoothing"));
        }
    }

    private JsonElement Root => _document.RootElement;

    /// <summary>The batch of a step, from 0.</summary>
    public (float[] Images, int[] Labels) Batch(int step) => GoldenBatches.Batch(Root.GetProperty("data"), Image, step);

    /// <summary>Sets a graph's variables to the values that the trace starts from.</summary>
    public void Fill(IReadOnlyList<VariableDefinition> variables, VariableStore store)
    {
        VariableInitialization.Initialize(store, variables, 0);
        GoldenNetwork.Fill(Network, variables, store, Root.GetProperty("conv_c").GetDouble());
    }

    /// <summary>The variable that a golden tensor is called here.</summary>
    public VariableDefinition Variable(IEnumerable<VariableDefinition> variables, JsonElement tensor)
    {
        string name = tensor.GetProperty("name").GetString()!;
        return variables.Single(v => v.Role != VariableRole.Slot && TorchNames.Of(Network).Variable(v.Name) == name);
    }

    /// <inheritdoc/>
    public void Dispose() => _document.Dispose();

    private string Text(string name) => Root.GetProperty(name).GetString()!;

    private double[] Numbers(string name) => [.. Root.GetProperty(name).EnumerateArray().Select(e => e.GetDouble())];

    private static float Number(JsonElement element, string name, float otherwise = 0) =>
        element.TryGetProperty(name, out JsonElement value) ? value.GetSingle() : otherwise;

    [GeneratedRegex(@"smoothing\D*(\d*\.?\d+)")]
    private static partial Regex Smoothing();
}
