using System.Globalization;
using System.Xml.Linq;
using Microsoft.ML.CnnZoo.Runs;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Runs;

/// <summary>Drawings are well-formed, whatever the names and numbers, and show the numbers.</summary>
public sealed class DrawingTests : IDisposable
{
    private static readonly XNamespace Namespace = "http://www.w3.org/2000/svg";
    private readonly string _folder = Directory.CreateTempSubdirectory("drawings").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(37)]
    public void LearningCurves_AnyNumberOfEpochs_HaveAPointForEach(int epochs)
    {
        XElement svg = Load(LearningCurves.Draw([.. Enumerable.Range(1, epochs).Select(e => Epoch(e, 2.0 / e, 1 - (0.5 / e)))]));
        string[] curves = [.. svg.Elements(Namespace + "polyline").Select(p => (string)p.Attribute("points")!)];
        Assert.Equal(epochs == 1 ? 0 : 5, curves.Length);
        Assert.All(curves, c => Assert.Equal(epochs, c.Split(' ').Length));
        Assert.Equal(epochs == 1 ? 5 : 0, svg.Elements(Namespace + "circle").Count());
        foreach (string title in new[] { "Loss", "Accuracy", "Learning rate" })
            Assert.Contains(svg.Elements(Namespace + "text"), t => t.Value == title);
        if (epochs == 1)
            return;
        double[] loss = [.. svg.Elements(Namespace + "polyline")
            .Where(p => ((string)p.Attribute("class")!).EndsWith("line0", StringComparison.Ordinal))
            .First().Attribute("points")!.Value.Split(' ').Select(p => double.Parse(p.Split(',')[1], CultureInfo.InvariantCulture))];
        Assert.Equal(loss.Order(), loss); // it falls: y grows downwards
    }

    [Fact]
    public void LearningCurves_NumbersThatAreNotFinite_AreLeftOut()
    {
        XElement svg = Load(LearningCurves.Draw([Epoch(1, double.NaN, 0.5), Epoch(2, 1, 0.5), Epoch(3, double.PositiveInfinity, 0.5)]));
        Assert.DoesNotContain("NaN", svg.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("∞", svg.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void ConfusionMatrix_NamesWithMarkup_AreEscapedAndCountsShown()
    {
        string[] names = ["<b>&\"'", "日本 \u0001", "a name that is far too long to be shown in full"];
        XElement svg = Load(ConfusionMatrix.Draw([0, 0, 0, 1, 2], [0, 0, 1, 1, 0], names));
        string[] texts = [.. svg.Elements(Namespace + "text").Select(t => t.Value)];
        Assert.Contains("<b>&\"'", texts);
        Assert.Contains("日本 \uFFFD", texts);
        Assert.Equal(["2", "1", "1", "1"], texts.Where(t => t.Length == 1));
        Assert.Contains(svg.Descendants(Namespace + "title"), t => t.Value == "<b>&\"' taken for <b>&\"': 2 of 3");
        Assert.Contains("prefers-color-scheme: dark", svg.Element(Namespace + "style")!.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void ConfusionMatrix_AThousandClasses_DrawsOnlyWhatOccurs()
    {
        int[] labels = [.. Enumerable.Range(0, 1000)];
        XElement svg = Load(ConfusionMatrix.Draw(labels, [.. labels.Select(l => l ^ 1)], [.. labels.Select(l => $"class {l}")]));
        Assert.Equal(1000 + 2, svg.Elements(Namespace + "rect").Count());
    }

    private XElement Load(Svg svg)
    {
        string path = Path.Combine(_folder, "drawing.svg");
        svg.Write(path);
        return XElement.Load(path);
    }

    private static EpochProgress Epoch(int epoch, double loss, double accuracy) => new()
    {
        Epoch = epoch, Epochs = 40, Loss = loss, Accuracy = accuracy, ValidationLoss = loss * 1.1, ValidationAccuracy = accuracy - 0.1,
        ImagesPerSecond = 100, LearningRate = 0.1f / epoch, Elapsed = default, Remaining = default,
    };
}
