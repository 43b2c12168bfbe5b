using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using CnnZoo.Cli;
using CnnZoo.Cli.Reports;
using Microsoft.ML.CnnZoo.Tests.Judging;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary><c>cnnzoo report</c>: the same numbers in every form, whatever the classes are called.</summary>
public sealed partial class CnnZooReportTests : IDisposable
{
    /// <summary>Names that mean something in HTML, JSON, SVG or Markdown.</summary>
    internal static readonly string[] HostileNames =
        ["<script>alert(1)</script>", "\"quoted\" & 'single'", "a|b*c_d", "]]>", "{{ Title }}", "--><img src=x onerror=alert(2)>"];

    private readonly string _folder = Directory.CreateTempSubdirectory("cnnzoo-report-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(ClassificationReportTests.Names), MemberType = typeof(ClassificationReportTests))]
    public void Report_OfScores_AllFormsHaveTheFiguresOfTheLibrary(string name)
    {
        GoldenScores golden = GoldenScores.All().First(g => g.Name == name);
        string scores = Write("scores.csv", golden.Probabilities.Select(row =>
            string.Join(',', row.Select(p => p.ToString("R", CultureInfo.InvariantCulture)))));
        string labels = Write("labels.txt", golden.Labels.Select(l => $"{l}"));
        CnnZooCommand.Run("report", "--scores", scores, "--labels", labels, "--out", At("r.html"), "--json", At("r.json"),
            "--markdown", At("r.md")).AssertSuccess();

        var report = ClassificationReport.Compute(golden.Probabilities, golden.Labels);
        JsonElement json = JsonDocument.Parse(File.ReadAllText(At("r.json"))).RootElement;
        string page = File.ReadAllText(At("r.html")), markdown = File.ReadAllText(At("r.md"));
        ILookup<string, string> shown = Data().Matches(page).ToLookup(m => m.Groups["key"].Value, m => m.Groups["value"].Value);
        foreach (Figure figure in Figure.All(report.ClassNames.Count))
        {
            double expected = figure.Read(report);
            Assert.Equal(expected, json.GetProperty("metrics").GetProperty(figure.Key).GetDouble());
            Assert.NotEmpty(shown[figure.Key]);
            Assert.All(shown[figure.Key], text => Assert.Equal(expected, double.Parse(text, CultureInfo.InvariantCulture)));
            Assert.Contains($"| {figure.Name} | {figure.Show(expected)} |", markdown, StringComparison.Ordinal);
        }
        Assert.Equal(report.Confusion, json.GetProperty("confusion").Deserialize<int[][]>()!);
        Assert.Equal(report.Classes.Select(c => c.F1), json.GetProperty("classes").EnumerateArray()
            .Select(c => c.GetProperty("f1").GetDouble()));
    }

    [Fact]
    public void Write_HostileNames_MeanNothingInAnyForm()
    {
        ReportData data = Hostile();
        string page = ReportPage.Write(data, pictures: null), markdown = MarkdownReport.Write(data);
        string json = JsonOutput.Text(data);
        foreach (string text in (string[])[page, markdown])
        {
            Assert.DoesNotContain("<script>alert", text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("<img src=x", text, StringComparison.OrdinalIgnoreCase);
        }
        Assert.Equal(2, Scripts().Count(page + "<script"));
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", page, StringComparison.Ordinal);
        Assert.Contains("{{ Title }}", page, StringComparison.Ordinal);
        Assert.Contains(@"a\|b\*c\_d", markdown, StringComparison.Ordinal);
        Assert.Equal(HostileNames, JsonDocument.Parse(json).RootElement.GetProperty("classes").EnumerateArray()
            .Select(c => c.GetProperty("name").GetString()));
    }

    [Fact]
    public void Write_Page_NamesNothingThatIsLoaded()
    {
        string page = ReportPage.Write(Hostile(), pictures: null);
        Assert.DoesNotContain("https://", page, StringComparison.Ordinal);
        Assert.DoesNotContain("url(", page, StringComparison.Ordinal);
        Assert.All(Addresses().Matches(page), m => Assert.StartsWith("data:", m.Groups[1].Value, StringComparison.Ordinal));
    }

    [Fact]
    public void Report_ScoresThatAreNone_SaysWhatWasExpected()
    {
        string labels = Write("l.txt", ["cat", "dog"]);
        string Scores(params string[] lines) => Write("s.csv", ["cat,dog", .. lines]);
        void Fails(string scores, string text, int code = 1) => CnnZooCommand.Run("report", "--scores", scores, "--labels", labels,
            "--json", At("r.json")).AssertFailure(code, text);
        Fails(Scores("1.5,2.5", "3,4"), "Logits need --logits");
        Fails(Scores("0.5,x", "0.5,0.5"), "row 2: 'x' is not a number");
        Fails(Scores("0.5,0.5"), "1 rows of probabilities and 2 labels");
        Fails(At("missing.csv"), "cannot be read");
        Write("l.txt", ["cat", "bird"]);
        Fails(Scores("0.5,0.5", "0.5,0.5"), "line 2: 'bird' is no class; expected one of cat, dog");
        Assert.False(File.Exists(At("r.json")));
        Write("l.txt", ["cat", "1"]);
        CnnZooCommand.Run("report", "--scores", Scores("1.5;2.5", "3\t4"), "--labels", labels, "--logits", "--json", At("r.json"))
            .AssertSuccess();
        CnnZooCommand.Run("report", "--scores", labels, "--json", At("r.json"))
            .AssertFailure(2, "report needs --model and --data, or --scores and --labels");
        CnnZooCommand.Run("report", "--scores", labels, "--labels", labels).AssertFailure(2, "report needs --out");
    }

    /// <summary>A report whose classes have the hostile names.</summary>
    internal static ReportData Hostile()
    {
        GoldenScores golden = GoldenScores.All().First(g => g.Name == "imbalanced");
        var report = ClassificationReport.Compute(golden.Probabilities, golden.Labels, HostileNames);
        return ReportSource.Of(HostileNames[0], report, row => $"{HostileNames[5]} {row}", DecisionRule.None) with
        {
            Created = new DateTimeOffset(2026, 1, 2, 3, 4, 0, TimeSpan.Zero),
            Epochs = [.. Enumerable.Range(1, 12).Select(e => new ReportEpoch(e, 2.0 / e, 1 - (0.8 / e), 2.2 / e, 1 - (0.9 / e)))],
            Data = [new Fact("Folder", HostileNames[0])],
        };
    }

    private string At(string name) => Path.Combine(_folder, name);

    private string Write(string name, IEnumerable<string> lines)
    {
        File.WriteAllLines(At(name), lines);
        return At(name);
    }

    [GeneratedRegex(@"data-key=""(?<key>\w+)"" value=""(?<value>[^""]*)""")]
    private static partial Regex Data();

    [GeneratedRegex("<script", RegexOptions.IgnoreCase)]
    private static partial Regex Scripts();

    [GeneratedRegex(@"(?:src|href)=""([^""]*)""")]
    private static partial Regex Addresses();
}
