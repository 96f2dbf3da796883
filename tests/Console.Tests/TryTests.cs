using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Topfive.Consoles.Tests;

/// <summary>The page Try, in a browser.</summary>
public sealed class TryTests(RunningTopfive topfive, Chromium chromium)
{
    [Fact]
    public async Task An_image_that_is_dropped_gets_five_bars_its_time_and_its_source_and_the_truth_turns_green()
    {
        await using var page = await chromium.OpenAsync(topfive.Console, "/console?head=painted");

        await page.DropAsync(page[".drop"], Painted.File(topfive.Files.Path, "lemon", 700));

        var result = page["article"];
        await Expect(result.Locator(".bars li")).ToHaveCountAsync(5);
        await Expect(result.Locator(".bars li").First).ToContainTextAsync("lemon");
        await Expect(result.Locator("[data-source]")).ToHaveTextAsync("computed now");
        await Expect(result.Locator(".time")).ToHaveAttributeAsync("aria-label", new System.Text.RegularExpressions.Regex("inference .* ms"));
        Assert.True(await result.Locator("img").EvaluateAsync<bool>("image => image.complete && image.naturalWidth === 40"));

        await result.GetByLabel("What it is in truth").SelectOptionAsync("lemon");
        await Expect(result.Locator(".bars li.truth")).ToContainTextAsync("lemon");
        Assert.Equal("rgb(47, 158, 92)", await result.Locator(".bars li.truth rect").EvaluateAsync<string>("bar => getComputedStyle(bar).fill"));
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task The_same_image_comes_from_the_store_and_shows_its_nearest_training_images()
    {
        await using var page = await chromium.OpenAsync(topfive.Console, "/console?head=painted");
        await page["input[type=file]"].SetInputFilesAsync(Painted.File(topfive.Files.Path, "plum", 1));
        await Expect(page["[data-source]"]).ToHaveTextAsync("vector from the store");

        await page.Page.GetByLabel("nearest training images").CheckAsync();

        var nearest = page["article .thumbs li"];
        await Expect(nearest).ToHaveCountAsync(6);
        await Expect(nearest.First).ToContainTextAsync("plum");
        await Expect(nearest.First.Locator("img")).ToHaveAttributeAsync("alt", "Training image of plum");
        Assert.Equal((96, 72), (await nearest.First.Locator("img").EvaluateAsync<int>("image => image.naturalWidth"), await nearest.First.Locator("img").EvaluateAsync<int>("image => image.naturalHeight")));
    }

    [Fact]
    public async Task A_pasted_image_is_answered_like_any_other()
    {
        await using var page = await chromium.OpenAsync(topfive.Console, "/console?head=painted");

        await page.Page.EvaluateAsync("""
            base64 => {
              const files = new DataTransfer();
              files.items.add(new File([Uint8Array.from(atob(base64), c => c.charCodeAt(0))], 'pasted.png', { type: 'image/png' }));
              document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: files, bubbles: true, cancelable: true }));
            }
            """, Painted.Image("lake", 701).ToBase64());

        await Expect(page["article .bars li"].First).ToContainTextAsync("lake");
        await Expect(page["article"]).ToContainTextAsync("pasted.png");
    }

    [Fact]
    public async Task What_is_no_image_says_so_and_spoils_nothing()
    {
        var text = topfive.Files.File("notes.png");
        await File.WriteAllTextAsync(text, "not an image", TestContext.Current.CancellationToken);
        await using var page = await chromium.OpenAsync(topfive.Console, "/console?head=painted");

        await page["input[type=file]"].SetInputFilesAsync([text, Painted.File(topfive.Files.Path, "fern", 702)]);

        await Expect(page["article"].First.Locator(".problem")).ToContainTextAsync("JPEG, PNG, WebP, GIF and BMP are accepted");
        await Expect(page["article"].Last.Locator(".bars li").First).ToContainTextAsync("fern");
    }

    [Fact]
    public async Task Everything_on_it_is_done_by_keyboard_alone()
    {
        await using var page = await chromium.OpenAsync(topfive.Console, "/console?head=painted");
        await Expect(page["select"].First).ToBeVisibleAsync();

        await TabToAsync(page, "Version");
        await page.Page.Keyboard.PressAsync("2");
        await Expect(page.Page.GetByLabel("Version")).ToHaveValueAsync("2");
        var chooser = await ChooseByKeyAsync(page);
        await chooser.SetFilesAsync(Painted.File(topfive.Files.Path, "snow", 703));
        await Expect(page["article .bars li"].First).ToContainTextAsync("snow");
        await Expect(page["article"]).ToContainTextAsync("version 2");

        await TabToAsync(page, "What it is in truth");
        await page.Page.Keyboard.PressAsync("s");
        await Expect(page["article .bars li.truth"]).ToContainTextAsync("snow");
    }

    /// <summary>On a busy machine the page may be drawn anew between the two keys, with the focus elsewhere: then both are pressed again.</summary>
    private static async Task<IFileChooser> ChooseByKeyAsync(OpenPage page)
    {
        for (var tries = 0; ; tries++)
        {
            await TabToAsync(page, "Images");
            try
            {
                return await page.Page.RunAndWaitForFileChooserAsync(() => page.Page.Keyboard.PressAsync("Enter"), new PageRunAndWaitForFileChooserOptions { Timeout = 5_000 });
            }
            catch (TimeoutException) when (tries < 10)
            {
            }
        }
    }

    private static async Task TabToAsync(OpenPage page, string label)
    {
        for (var presses = 0; presses < 40; presses++)
        {
            await page.Page.Keyboard.PressAsync("Tab");
            if (await page.Page.EvaluateAsync<bool>("label => (document.activeElement.ariaLabel ?? document.activeElement.labels?.[0]?.innerText ?? '').startsWith(label)", label)) return;
        }

        Assert.Fail($"'{label}' is not reached by Tab");
    }
}
