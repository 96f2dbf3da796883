using Microsoft.Playwright;
using Topfive.Classifier.V1;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Topfive.Consoles.Tests;

/// <summary>The page Train, in a browser.</summary>
public sealed class TrainTests(RunningTopfive topfive, Chromium chromium)
{
    private static readonly LocatorAssertionsToHaveCountOptions Patiently = new() { Timeout = 60_000 };

    [Fact]
    public async Task A_run_is_started_by_the_form_and_its_curve_moves_and_survives_a_reload()
    {
        await using var page = await chromium.OpenAsync(topfive.Console, "/console/train?dataset=painted");
        await page.Page.GetByLabel("Head").FillAsync("curve");
        await page.Page.GetByLabel("Epochs").FillAsync("3000");
        await page.Page.GetByLabel("Learning rate").FillAsync("0.001");
        await page.Button("Train").ClickAsync();

        var before = await PointsAsync(page, atLeast: 2);
        var later = await PointsAsync(page, atLeast: before + 1);
        Assert.True(later > before);
        await Expect(page[".chart .training"].First).ToHaveAttributeAsync("points", new System.Text.RegularExpressions.Regex(@"^[\d., ]{20,}$"));

        await page.Page.ReloadAsync();
        Assert.True(await PointsAsync(page, atLeast: later) >= later);

        await page.Button("Cancel").ClickAsync();
        await Expect(page["[data-state]"]).ToHaveTextAsync("cancelled", new LocatorAssertionsToHaveTextOptions { Timeout = 60_000 });
        await Expect(page.Button("Cancel")).ToHaveCountAsync(0, new LocatorAssertionsToHaveCountOptions { Timeout = 60_000 });
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task The_recipe_of_the_form_is_the_recipe_of_the_run_and_its_version_goes_live()
    {
        await using var page = await chromium.OpenAsync(topfive.Console, "/console/train?dataset=painted");
        await page.Page.GetByLabel("Head").FillAsync("recipe of mine");
        await page.Page.GetByLabel("Epochs").FillAsync("5");
        await page["summary"].First.ClickAsync();
        await page.Page.GetByLabel("Hidden layers").FillAsync("32, 16");
        await page.Page.GetByLabel("Optimizer").SelectOptionAsync("SGD");
        await page.Page.GetByLabel("Momentum").FillAsync("0.5");
        await page.Page.GetByLabel("Early stopping").FillAsync("4");
        await page.Button("Train").ClickAsync();

        await Expect(page["main"]).ToContainTextAsync("Version 1 is live", new LocatorAssertionsToContainTextOptions { Timeout = 60_000 });
        var run = (await topfive.Training.ListRunsAsync(new ListRunsRequest { Head = "recipe of mine" }, cancellationToken: TestContext.Current.CancellationToken)).Runs.Single();
        Assert.Equal([32, 16], run.Recipe.HiddenUnits);
        Assert.Equal((5, Optimizer.Sgd, 0.5f, 4, 0.5f, 12), (run.Recipe.Epochs, run.Recipe.Optimizer, run.Recipe.Momentum, run.Recipe.EarlyStopping.Patience, run.Recipe.Dropout, run.Recipe.BatchSize));
        Assert.Equal("console", run.Caller.User);

        await page.Page.GotoAsync("/console/train");
        await Expect(page["tbody tr"].Filter(new LocatorFilterOptions { HasText = "recipe of mine" })).ToHaveCountAsync(1, Patiently);
    }

    [Fact]
    public async Task What_the_gateway_refuses_is_told_in_its_words_and_what_the_browser_can_tell_is_not_sent()
    {
        await using var page = await chromium.OpenAsync(topfive.Console, "/console/train?dataset=painted");
        await page.Page.GetByLabel("Head").FillAsync("refused");
        await page["summary"].First.ClickAsync();
        await page.Page.GetByLabel("begin from the live version").CheckAsync();
        await page.Button("Train").ClickAsync();
        await Expect(page["form .problem"]).ToContainTextAsync("live version");

        await page.Page.GetByLabel("Epochs").FillAsync("0");
        await page.Button("Train").ClickAsync();
        Assert.False(await page.Page.GetByLabel("Epochs").EvaluateAsync<bool>("field => field.checkValidity()"));
        Assert.Empty((await topfive.Training.ListRunsAsync(new ListRunsRequest { Head = "refused" }, cancellationToken: TestContext.Current.CancellationToken)).Runs);
    }

    private static async Task<int> PointsAsync(OpenPage page, int atLeast)
    {
        var chart = page[".chart"].First;
        await chart.WaitForAsync();
        await page.Page.WaitForFunctionAsync("least => Number(document.querySelector('.chart')?.dataset.points) >= least", atLeast);
        return int.Parse((await chart.GetAttributeAsync("data-points"))!);
    }
}
