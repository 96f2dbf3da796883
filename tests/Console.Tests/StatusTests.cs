using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Topfive.Consoles.Tests;

/// <summary>The page Status, in a browser.</summary>
public sealed class StatusTests(RunningTopfive topfive, Chromium chromium)
{
    [Fact]
    public async Task It_names_the_services_the_backbone_and_the_calls_of_the_last_minutes()
    {
        await topfive.IngestAsync();
        await using var page = await chromium.OpenAsync(topfive.Console, "/console/status");

        await Expect(page["[data-health=features]"]).ToHaveTextAsync("healthy");
        await Expect(page["[data-health=classifier]"]).ToHaveTextAsync("healthy");
        await Expect(page["[data-fingerprint]"]).ToHaveTextAsync(new string('5', 64));
        await Expect(page["tr:has-text(\"Ingestion.Ingest\")"].Locator(".number").First).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("^[1-9]"));
    }
}
