using System.Globalization;
using System.Text.Json;
using CnnZoo.Cli.Reports;
using Microsoft.Playwright;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary>The report in a browser.</summary>
public sealed class ReportPageTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cnnzoo-page-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [BrowserFact]
    public async Task Page_LightDarkPhoneAndPaper_LookAsTheyDid()
    {
        string address = Write(CnnZooReportTests.Hostile());
        foreach ((string name, int width, int height, bool isDark, Media media) in ((string, int, int, bool, Media)[])
            [("report-light", 1120, 1400, false, Media.Screen), ("report-dark", 1120, 1400, true, Media.Screen),
                ("report-phone", 390, 1600, false, Media.Screen), ("report-paper", 794, 1123, true, Media.Print)])
        {
            await using BrowserPage page = await browser.OpenAsync(address, width, height, isDark);
            await page.Page.EmulateMediaAsync(new() { Media = media });
            KeptPicture.AssertLike(name, await page.Page.ScreenshotAsync());
            Assert.Equal(0, await page.OverflowAsync());
            Assert.Empty(page.Problems);
            Assert.Equal([address], page.Requests);
        }
    }

    [BrowserFact]
    public async Task Page_CellClicked_SaysWhatItHolds()
    {
        await using BrowserPage page = await browser.OpenAsync(Write(CnnZooReportTests.Hostile()));
        await page.Page.ClickAsync("[data-cell='1,0']");
        string hint = (await page.Page.TextContentAsync("#hint"))!;
        Assert.Contains($"{CnnZooReportTests.HostileNames[1]} taken for {CnnZooReportTests.HostileNames[0]}: 5 of 72", hint,
            StringComparison.Ordinal);
        Assert.Equal(CnnZooReportTests.HostileNames[0], await page.Page.TitleAsync());
        Assert.Empty(page.Problems);
    }

    [BrowserFact]
    public async Task Page_ThemeButton_ChangesColorsAndIsRemembered()
    {
        await using BrowserPage page = await browser.OpenAsync(Write(CnnZooReportTests.Hostile()));
        Task<string> Background() => page.Page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor");
        string light = await Background();
        await page.Page.ClickAsync("#theme");
        string dark = await Background();
        Assert.NotEqual(light, dark);
        await page.Page.ReloadAsync();
        Assert.Equal(dark, await Background());
        await page.Page.ClickAsync("#theme");
        Assert.Equal(light, await Background());
    }

    [BrowserFact]
    public async Task Report_OfModelAndFolder_ShowsImagesHeatMapsAndEvaluatesFigures()
    {
        using var images = new BarImages(each: 30);
        const string Hostile = "<img src=x onerror=alert(3)>";
        Directory.Move(Path.Combine(images.Folder, "standing"), Path.Combine(images.Folder, Hostile));
        string run = images.At("run"), model = Path.Combine(run, "model.zip"), file = Path.Combine(_folder, "r.html"),
            json = Path.Combine(_folder, "r.json");
        CnnZooCommand.Run("train", "--data", images.Folder, "--arch", "lenet5_relu", "--run", run, "--epochs", "1", "--batch", "8",
            "--validation", "0.2", "--augment", "none").AssertSuccess();
        CnnZooCommand.Run("report", "--model", model, "--data", images.Folder, "--out", file, "--json", json).AssertSuccess();

        JsonElement report = JsonDocument.Parse(File.ReadAllText(json)).RootElement, metrics = report.GetProperty("metrics");
        JsonElement evaluated = CnnZooCommand.Run("evaluate", "--model", model, "--data", images.Folder, "--json").Json();
        foreach ((string ours, string theirs) in ((string, string)[])[("accuracy", "microAccuracy"), ("macroAccuracy", "macroAccuracy"),
            ("logLoss", "logLoss"), ("logLossReduction", "logLossReduction")])
            Assert.Equal(evaluated.GetProperty(theirs).GetDouble(), metrics.GetProperty(ours).GetDouble());

        await using BrowserPage page = await browser.OpenAsync(new Uri(file).AbsoluteUri);
        int mistakes = report.GetProperty("worstMistakes").GetArrayLength();
        Assert.Equal(2 * mistakes, await page.Page.Locator(".views img").CountAsync());
        ILocator cell = page.Page.Locator("[data-cell]").First;
        await cell.ClickAsync();
        Assert.InRange(await page.Page.Locator("#cell-images img").CountAsync(), 1, 12);
        Assert.True(await page.Page.EvaluateAsync<bool>(
            "[...document.images].every(i => i.complete && i.naturalWidth === 112)"));
        Assert.Equal(2, await page.Page.Locator("#learning svg").CountAsync());
        Assert.Equal(metrics.GetProperty("accuracy").GetDouble(), double.Parse(
            (await page.Page.GetAttributeAsync("data[data-key=accuracy]", "value"))!, CultureInfo.InvariantCulture));
        Assert.Empty(page.Problems);
        Assert.Single(page.Requests);
    }

    private string Write(ReportData data)
    {
        string file = Path.Combine(_folder, "page.html");
        File.WriteAllText(file, ReportPage.Write(data, pictures: null));
        return new Uri(file).AbsoluteUri;
    }
}
