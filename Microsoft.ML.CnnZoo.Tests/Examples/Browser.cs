using Microsoft.Playwright;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary>A test that needs an installed Chromium, and is skipped where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute()
    {
        if (Browser.Executable is null)
            Skip = "There is no Chromium here: install it (apt-get install chromium), or name it in CNNZOO_CHROMIUM.";
    }
}

/// <summary>One headless Chromium for the tests of a class; each test opens pages of its own.</summary>
public sealed class Browser : IAsyncLifetime
{
    private static readonly string[] Switches =
    [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--hide-scrollbars",
    ];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>The installed browser; null where there is none.</summary>
    public static string? Executable { get; } = Find();

    /// <summary>Starts it.</summary>
    public async Task InitializeAsync()
    {
        if (Executable is null)
            return;
        _playwright = await Playwright.Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = Executable, Args = Switches });
    }

    /// <summary>Opens a page of its own context, which records what it loads and what goes wrong.</summary>
    /// <param name="address">Address of the page.</param>
    /// <param name="width">Width of the window, pixels.</param>
    /// <param name="height">Height of the window, pixels.</param>
    /// <param name="isDark">Whether the reader prefers dark pages.</param>
    public async Task<BrowserPage> OpenAsync(string address, int width = 1120, int height = 1400, bool isDark = false)
    {
        IBrowserContext context = await _browser!.NewContextAsync(new()
        {
            ViewportSize = new() { Width = width, Height = height },
            ColorScheme = isDark ? ColorScheme.Dark : ColorScheme.Light,
        });
        var page = new BrowserPage(await context.NewPageAsync());
        await page.Page.GotoAsync(address);
        return page;
    }

    /// <summary>Ends it.</summary>
    public async Task DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
    }

    private static string? Find()
    {
        string[] names = ["chromium", "chromium-browser", "google-chrome"];
        IEnumerable<string> folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return new[] { Environment.GetEnvironmentVariable("CNNZOO_CHROMIUM") }
            .Concat(folders.SelectMany(f => names.Select(n => Path.Combine(f, n)))).FirstOrDefault(File.Exists);
    }
}

/// <summary>A page in the browser, and what it did.</summary>
public sealed class BrowserPage : IAsyncDisposable
{
    private readonly List<string> _problems = [], _requests = [];

    internal BrowserPage(IPage page)
    {
        Page = page;
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                _problems.Add($"console: {message.Text}");
        };
        page.PageError += (_, error) => _problems.Add($"script: {error}");
        page.Dialog += async (_, dialog) =>
        {
            _problems.Add($"dialog: {dialog.Message}");
            await dialog.DismissAsync();
        };
        page.Request += (_, request) => _requests.Add(request.Url);
    }

    /// <summary>The page.</summary>
    public IPage Page { get; }

    /// <summary>Errors and warnings of the console, exceptions of scripts, dialogs.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>What was loaded, the page itself first; no data: addresses.</summary>
    public IEnumerable<string> Requests => _requests.Where(r => !r.StartsWith("data:", StringComparison.Ordinal));

    /// <summary>Pixels that the page is wider than its window.</summary>
    public Task<int> OverflowAsync() =>
        Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");

    /// <summary>Closes it.</summary>
    public async ValueTask DisposeAsync() => await Page.Context.CloseAsync();
}
