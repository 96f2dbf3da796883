using System.Diagnostics;
using Topfive.Classifier.V1;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Topfive.Consoles.Tests;

public sealed class StopTests(Chromium chromium)
{
    [Fact]
    public async Task A_page_that_watches_a_run_does_not_keep_the_gateway_from_stopping()
    {
        var topfive = new RunningTopfive();
        await topfive.StartAsync(new Dictionary<string, string?>());
        await topfive.IngestAsync();
        var run = await topfive.Training.StartRunAsync(
            new StartRunRequest { Dataset = RunningTopfive.Dataset, Head = "long", Recipe = new Recipe { Epochs = 10_000 } }, cancellationToken: TestContext.Current.CancellationToken);
        await using var page = await chromium.OpenAsync(topfive.Console, $"/console/train?run={run.RunId}");
        await Expect(page[".chart"].First).ToBeVisibleAsync();

        var began = Stopwatch.GetTimestamp();
        await topfive.DisposeAsync();

        // The host waits 30 s for calls that do not end.
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0, 25);
    }
}
