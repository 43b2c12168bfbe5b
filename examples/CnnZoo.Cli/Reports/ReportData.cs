using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli.Reports;

/// <summary>All that a report says: as <c>--json</c> writes it, and what page and Markdown are made of.</summary>
internal sealed record ReportData(string Title, DateTimeOffset Created, int Images)
{
    /// <summary>Figures by name.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    /// <summary>Bootstrap intervals of some of them.</summary>
    public required IReadOnlyDictionary<string, ConfidenceInterval> Intervals { get; init; }

    /// <summary>What the figures say, in sentences.</summary>
    public required IReadOnlyList<string> Findings { get; init; }

    /// <summary>Figures of each class.</summary>
    public required IReadOnlyList<ClassFigures> Classes { get; init; }

    /// <summary>Images of each class (rows) taken for each class (columns).</summary>
    public required IReadOnlyList<IReadOnlyList<int>> Confusion { get; init; }

    /// <summary>The pairs that are confused most often.</summary>
    public required IReadOnlyList<ConfusedClasses> MostConfused { get; init; }

    /// <summary>Images by confidence.</summary>
    public required IReadOnlyList<ReliabilityBin> ReliabilityBins { get; init; }

    /// <summary>Error rate over coverage, at most a few hundred points.</summary>
    public required IReadOnlyList<RiskCoveragePoint> RiskCoverage { get; init; }

    /// <summary>The images whose class was found least probable, of those that were taken for another.</summary>
    public required IReadOnlyList<JudgedImage> WorstMistakes { get; init; }

    /// <summary>When the model answers.</summary>
    public DecisionFacts? Decision { get; init; }

    /// <summary>The training, epoch by epoch.</summary>
    public IReadOnlyList<ReportEpoch> Epochs { get; init; } = [];

    /// <summary>The network.</summary>
    public ModelFacts? Model { get; init; }

    /// <summary>What it takes here.</summary>
    public MachineFacts? Machine { get; init; }

    /// <summary>The images.</summary>
    public IReadOnlyList<Fact> Data { get; init; } = [];

    /// <summary>The training and its versions.</summary>
    public IReadOnlyList<Fact> Run { get; init; } = [];
}

/// <summary>Images of a class that were taken for another.</summary>
internal sealed record ConfusedClasses(string Class, string TakenFor, int Count, double Share);

/// <summary>An image and what the model says of it.</summary>
internal sealed record JudgedImage(string Image, string Class, string TakenFor, double Confidence, double ClassProbability);

/// <summary>When the model answers, and how often it is right then.</summary>
internal sealed record DecisionFacts(double Temperature, double AbstainBelow, double Coverage, double AnsweredAccuracy);

/// <summary>An epoch of the training.</summary>
internal sealed record ReportEpoch(int Epoch, double Loss, double Accuracy, double? ValidationLoss, double? ValidationAccuracy);

/// <summary>The network.</summary>
internal sealed record ModelFacts(string Name, string DisplayName, string Input, long Parameters, long MultiplyAdds,
    long WeightBytes, IReadOnlyList<LayerFacts> Layers);

/// <summary>A layer of the network.</summary>
internal sealed record LayerFacts(string Name, string Kind, string Output, long Parameters, long MultiplyAdds);

/// <summary>What scoring takes on this machine.</summary>
internal sealed record MachineFacts(string Processor, int Processors, double NetworkMilliseconds, double ImageMilliseconds,
    double ImagesPerSecond, long WorkingBytes, long ProcessBytes);

/// <summary>Something that is so.</summary>
internal sealed record Fact(string Name, string Value);
