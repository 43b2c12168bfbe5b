using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.ML.CnnZoo.Tests.MLNet;
using Microsoft.Playwright;
using WebApi;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary>The page of examples/WebApi in Chromium.</summary>
public sealed class WebPageTests(Browser browser) : IClassFixture<Browser>, IAsyncLifetime, IDisposable
{
    private readonly ImageFiles _files = new();
    private CnnClassificationTransformer _network = null!;
    private WebApplication _service = null!;
    private string _address = null!;

    public async Task InitializeAsync()
    {
        _network = ServedDigits.Train();
        _service = ClassifierService.Build(["--urls", "http://127.0.0.1:0"], _network,
            builder => builder.Logging.ClearProviders());
        await _service.StartAsync();
        _address = _service.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
    }

    public async Task DisposeAsync()
    {
        await _service.DisposeAsync();
        _network.Dispose();
    }

    public void Dispose() => _files.Dispose();

    [BrowserFact]
    public async Task Image_Dropped_ShowsClassesAndHeatMap()
    {
        string digit = _files.Save("digit.png", DigitRows.Image(3));
        ClassProbability[] expected = [.. _network.Classify(digit)];
        await using BrowserPage opened = await browser.OpenAsync(_address);
        IPage page = opened.Page;
        await Drop(page, digit);
        ILocator buttons = page.Locator("#classes button");
        await Assertions.Expect(buttons).ToHaveCountAsync(5);
        await Assertions.Expect(buttons.First).ToHaveTextAsync($"{expected[0].Label}{100 * expected[0].Probability:f1} %");
        await Assertions.Expect(page.Locator("#caption")).ToHaveTextAsync($"What speaks for “{expected[0].Label}”");
        int[] widths = await Widths(page);
        Assert.Equal([28, 448], widths);
        await buttons.Nth(2).ClickAsync();
        await Assertions.Expect(page.Locator("#caption")).ToHaveTextAsync($"What speaks for “{expected[2].Label}”");
        await Assertions.Expect(buttons.Nth(2)).ToHaveAttributeAsync("aria-pressed", "true");
        Assert.Empty(opened.Problems);
    }

    [BrowserFact]
    public async Task File_ThatIsNoImage_SaysSoAndTheNextOneIsShown()
    {
        await using BrowserPage opened = await browser.OpenAsync(_address);
        IPage page = opened.Page;
        await page.SetInputFilesAsync("#file", _files.Write("text.png", "no image"u8.ToArray()));
        await Assertions.Expect(page.Locator("#problem")).ToHaveTextAsync("The body's 8 bytes are no image.");
        await Assertions.Expect(page.Locator("#result")).ToBeHiddenAsync();
        await page.SetInputFilesAsync("#file", _files.Save("digit.png", DigitRows.Image(5)));
        await Assertions.Expect(page.Locator("#result")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#problem")).ToBeHiddenAsync();
    }

    [BrowserFact]
    public async Task Page_OnAPhoneAndInTheDark_FitsAndIsReadable()
    {
        string digit = _files.Save("digit.png", DigitRows.Image(3));
        var grounds = new List<string>();
        foreach ((int width, bool dark) in new[] { (1200, false), (1200, true), (390, false), (390, true) })
        {
            await using BrowserPage opened = await browser.OpenAsync(_address, width, 900, dark);
            IPage page = opened.Page;
            await page.SetInputFilesAsync("#file", digit);
            await Assertions.Expect(page.Locator("#result")).ToBeVisibleAsync();
            Assert.Equal(0, await opened.OverflowAsync());
            grounds.Add(await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
            if (Environment.GetEnvironmentVariable("CNNZOO_SCREENSHOTS") is { Length: > 0 } folder)
            {
                string picture = $"webapi-{width}{(dark ? "-dark" : "")}.png";
                await page.ScreenshotAsync(new() { Path = Path.Combine(folder, picture), FullPage = true });
            }
        }
        Assert.Equal(["rgb(246, 247, 249)", "rgb(20, 23, 28)"], grounds[..2]);
    }

    private static async Task Drop(IPage page, string file)
    {
        IJSHandle data = await page.EvaluateHandleAsync("""
            content => {
              const bytes = Uint8Array.from(atob(content), c => c.charCodeAt(0)), data = new DataTransfer();
              data.items.add(new File([bytes], "digit.png", { type: "image/png" }));
              return data;
            }
            """, Convert.ToBase64String(File.ReadAllBytes(file)));
        await page.DispatchEventAsync("#drop", "drop", new { dataTransfer = data });
    }

    private static async Task<int[]> Widths(IPage page)
    {
        await page.WaitForFunctionAsync("[...document.images].every(i => i.complete && i.naturalWidth > 0)");
        return await page.EvaluateAsync<int[]>("[...document.images].map(i => i.naturalWidth)");
    }
}
