using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit;

namespace Topfive.Consoles.Tests;

/// <summary>What holds for every page.</summary>
public sealed class EveryPageTests(RunningTopfive topfive, Chromium chromium)
{
    [Theory]
    [MemberData(nameof(Pages))]
    public async Task It_is_read_by_screen_readers_in_both_looks_fits_400_pixels_and_asks_nobody_but_its_gateway(string path, string landmark)
    {
        var image = Painted.File(topfive.Files.Path, "apple", 704);
        foreach (var (look, width) in new[] { (ColorScheme.Light, 1200), (ColorScheme.Dark, 400) })
        {
            await using var page = await chromium.OpenAsync(topfive.Console, path, width, look: look);
            if (path.StartsWith("/console?", StringComparison.Ordinal)) await page["input[type=file]"].SetInputFilesAsync(image);
            await page[landmark].First.WaitForAsync();

            var found = await page.Page.RunAxe();
            Assert.Empty(found.Violations.Where(violation => violation.Impact is "serious" or "critical").Select(violation => $"{look} {violation.Id}: {string.Join(" | ", violation.Nodes.Take(3).Select(node => node.Html))}"));
            Assert.True(await page.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), $"{path} scrolls sideways at {width} pixels");
            Assert.All(page.Requests, request => Assert.Equal(topfive.Console.Authority, request.Authority));
            Assert.NotEmpty(page.Requests);
            // Axe itself puts a script in.
            Assert.DoesNotContain(page.Complaints, complaint => !complaint.Contains("axe", StringComparison.OrdinalIgnoreCase));
        }
    }

    public static TheoryData<string, string> Pages() => new()
    {
        { "/console?head=painted", "article .bars" },
        { "/console/train?dataset=painted", "form" },
        { "/console/heads", "table" },
        { "/console/heads?head=painted", ".heat" },
        { "/console/datasets", "form, .drop" },
        { "/console/datasets?dataset=painted", ".classes" },
        { "/console/status", "[data-fingerprint]" },
    };

    [Fact]
    public async Task The_look_follows_the_system_until_it_is_switched_and_then_stays()
    {
        await using var page = await chromium.OpenAsync(topfive.Console, look: ColorScheme.Dark);
        Assert.Equal("dark", await LookAsync(page));
        await page.Button("Light / dark").ClickAsync();
        Assert.Equal("light", await LookAsync(page));
        await page.Page.ReloadAsync();
        Assert.Equal("light", await LookAsync(page));
    }

    private static Task<string> LookAsync(OpenPage page) => page.Page.EvaluateAsync<string>("document.documentElement.dataset.look");
}
