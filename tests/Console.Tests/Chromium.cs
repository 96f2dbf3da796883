using Microsoft.Playwright;
using Xunit;

[assembly: AssemblyFixture(typeof(Topfive.Consoles.Tests.Chromium))]

namespace Topfive.Consoles.Tests;

/// <summary>Debian's browser, one for all tests; each has a profile of its own.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private const string Program = "/usr/bin/chromium";

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public const string WhySkipped = "there is no " + Program + " (Debian: apt-get install chromium)";

    public async ValueTask InitializeAsync()
    {
        if (!File.Exists(Program)) return;
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Program,
            Args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.CloseAsync();
        _playwright?.Dispose();
    }

    /// <summary>A new page of the console.</summary>
    internal async Task<OpenPage> OpenAsync(Uri console, string path = "/console", int width = 1200, int height = 900, ColorScheme look = ColorScheme.Light)
    {
        Assert.SkipWhen(_browser is null, WhySkipped);
        var context = await _browser.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = console.ToString(),
            ColorScheme = look,
            IgnoreHTTPSErrors = true,
            ReducedMotion = ReducedMotion.Reduce,
            ViewportSize = new ViewportSize { Width = width, Height = height },
        });
        // Machines are busy.
        context.SetDefaultTimeout(60_000);
        var page = new OpenPage(await context.NewPageAsync());
        await page.Page.GotoAsync(path);
        await page.Page.Locator("main h1").First.WaitForAsync();
        return page;
    }
}
