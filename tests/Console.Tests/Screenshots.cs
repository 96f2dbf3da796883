using Microsoft.Playwright;
using Xunit;

namespace Topfive.Consoles.Tests;

/// <summary>
/// The pictures in docs/console, of a running Gateway with the demo's data: <c>TOPFIVE_CONSOLE=http://localhost:8090 TOPFIVE_IMAGE=… TOPFIVE_SCREENSHOTS=docs/console</c>.
/// </summary>
public sealed class Screenshots(Chromium chromium)
{
    private static readonly string? Address = Environment.GetEnvironmentVariable("TOPFIVE_CONSOLE"), Folder = Environment.GetEnvironmentVariable("TOPFIVE_SCREENSHOTS");
    private const int Height = 1250;

    private static readonly string[] Images = Environment.GetEnvironmentVariable("TOPFIVE_IMAGE")?.Split(':') ?? [];

    [Fact]
    public async Task Of_each_page()
    {
        Assert.SkipWhen(Address is null || Folder is null, "TOPFIVE_CONSOLE and TOPFIVE_SCREENSHOTS say of what, and where to");
        var look = Environment.GetEnvironmentVariable("TOPFIVE_LOOK") == "dark" ? ColorScheme.Dark : ColorScheme.Light;
        var width = int.Parse(Environment.GetEnvironmentVariable("TOPFIVE_WIDTH") ?? "1200");
        var console = new Uri(Address);
        await using (var page = await chromium.OpenAsync(console, "/console", width, Height, look))
        {
            await page.Page.GetByLabel("nearest training images").CheckAsync();
            await page["input[type=file]"].SetInputFilesAsync(Images);
            await Assertions.Expect(page["article .thumbs"]).ToHaveCountAsync(Images.Length, new LocatorAssertionsToHaveCountOptions { Timeout = 60_000 });
            var truth = page.Page.GetByLabel("What it is in truth").First;
            await truth.SelectOptionAsync(Path.GetFileName(Path.GetDirectoryName(Images[0]))!);
            await SaveAsync(page, "try");
        }

        await using (var page = await chromium.OpenAsync(console, "/console/train", width, Height, look))
        {
            await page["tbody a"].First.ClickAsync();
            await page.Page.WaitForFunctionAsync("() => Number(document.querySelector('.chart')?.dataset.points) > 30");
            await SaveAsync(page, "train");
        }

        await using (var page = await chromium.OpenAsync(console, "/console/heads?head=emoji", width, Height, look))
        {
            await page[".heat a .cell"].Nth(20).ClickAsync();
            await page["[data-images]"].WaitForAsync();
            await SaveAsync(page, "heads");
        }

        await using (var page = await chromium.OpenAsync(console, "/console/datasets?dataset=emoji", width, Height, look))
        {
            await page[".classes button"].Nth(3).ClickAsync();
            await page["[data-images] img"].First.WaitForAsync();
            await SaveAsync(page, "datasets");
        }

        await using (var page = await chromium.OpenAsync(console, "/console/status", width, Height, look))
        {
            await page["[data-fingerprint]"].WaitForAsync();
            await SaveAsync(page, "status");
        }
    }

    private static async Task SaveAsync(OpenPage page, string name)
    {
        await page.Page.EvaluateAsync("scrollTo(0, 0); document.activeElement?.blur()");
        await page.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Folder!, $"{name}.png"), FullPage = Environment.GetEnvironmentVariable("TOPFIVE_WHOLE") is not null });
    }
}
