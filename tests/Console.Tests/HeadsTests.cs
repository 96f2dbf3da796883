using Microsoft.Playwright;
using Topfive.Classifier.V1;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Topfive.Consoles.Tests;

/// <summary>The page Heads, in a browser.</summary>
public sealed class HeadsTests(RunningTopfive topfive, Chromium chromium)
{
    [Fact]
    public async Task A_version_is_promoted_after_a_look_at_what_changes_and_rolled_back_again()
    {
        await topfive.TrainAsync("promoted", versions: 2);
        await using var page = await chromium.OpenAsync(topfive.Console, "/console/heads?head=promoted");
        await Expect(page["[data-live]"]).ToHaveAttributeAsync("data-live", "1");

        await page.Button("Promote version 2").ClickAsync();
        await Expect(page["dialog"]).ToContainTextAsync("Version 2 answers instead of version 1");
        await Expect(page["dialog"]).ToContainTextAsync("The same 6 labels.");
        Assert.Equal(1, await LiveAsync("promoted"));
        await page["dialog"].GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "Promote" }).ClickAsync();
        await Expect(page["[data-live]"]).ToHaveAttributeAsync("data-live", "2");
        Assert.Equal(2, await LiveAsync("promoted"));

        await page.Button("Roll back").ClickAsync();
        await Expect(page["dialog"]).ToContainTextAsync("Version 1 answers instead of version 2");
        await page["dialog"].GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "Roll back" }).ClickAsync();
        await Expect(page["[data-live]"]).ToHaveAttributeAsync("data-live", "1");
        Assert.Equal(1, await LiveAsync("promoted"));
        await Expect(page.Button("Roll back")).ToBeDisabledAsync();
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task Escape_leaves_everything_as_it_is()
    {
        await topfive.TrainAsync("left", versions: 2);
        await using var page = await chromium.OpenAsync(topfive.Console, "/console/heads?head=left");

        await page.Button("Promote version 2").ClickAsync();
        await Expect(page["dialog"]).ToBeVisibleAsync();
        await page.Page.Keyboard.PressAsync("Escape");

        await Expect(page["dialog"]).ToBeHiddenAsync();
        Assert.Equal(1, await LiveAsync("left"));
    }

    [Fact]
    public async Task A_cell_of_the_confusion_matrix_shows_its_images()
    {
        await using var page = await chromium.OpenAsync(topfive.Console, "/console/heads?head=painted");

        // By keyboard, as by mouse.
        await page["[data-cell='0-0']"].FocusAsync();
        await page.Page.Keyboard.PressAsync("Enter");

        await Expect(page["[data-images]"]).ToHaveAttributeAsync("data-images", "3");
        await Expect(page["[data-images] img"]).ToHaveCountAsync(3);
        await Expect(page["main"]).ToContainTextAsync("apple, said to be apple");
    }

    private async Task<long> LiveAsync(string head) =>
        (await topfive.Heads.GetHeadAsync(new GetHeadRequest { Head = head }, cancellationToken: TestContext.Current.CancellationToken)).Version;
}
