using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Playwright;
using Topfive.Classifier.V1;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Topfive.Consoles.Tests;

/// <summary>The page Datasets, in a browser.</summary>
public sealed class DatasetsTests(RunningTopfive topfive, Chromium chromium)
{
    [Fact]
    public async Task A_folder_of_folders_becomes_a_dataset_with_thumbnails()
    {
        var folder = topfive.Files.File("garden");
        foreach (var (label, number) in new[] { ("apple", 800), ("apple", 801), ("fern", 802) }) Painted.File(folder, label, number, $"{label}/{number}.png");
        await File.WriteAllTextAsync(Path.Combine(folder, "apple/readme.txt"), "no image", TestContext.Current.CancellationToken);
        await using var page = await chromium.OpenAsync(topfive.Console, "/console/datasets");

        await page.Page.GetByLabel("Dataset", new PageGetByLabelOptions { Exact = true }).FillAsync("garden");
        await page["input[webkitdirectory]"].SetInputFilesAsync(folder);
        await Expect(page["[data-upload]"]).ToHaveTextAsync("3 images added (3 computed, 0 known already).");

        await page["table a >> text=garden"].ClickAsync();
        await Expect(page["h1"]).ToHaveTextAsync("garden");
        await page.Button("apple").ClickAsync();
        await Expect(page[".thumbs img"]).ToHaveCountAsync(2);
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task An_image_under_another_label_is_told_and_changed_only_when_asked_to()
    {
        var folder = topfive.Files.File("contested");
        Painted.File(folder, "lemon", 810, "lemon/a.png");
        await using var page = await chromium.OpenAsync(topfive.Console, "/console/datasets");
        await page.Page.GetByLabel("Dataset", new PageGetByLabelOptions { Exact = true }).FillAsync("contested");
        await page["input[webkitdirectory]"].SetInputFilesAsync(folder);
        await Expect(page["[data-upload]"]).ToContainTextAsync("1 images added");

        Directory.Move(Path.Combine(folder, "lemon"), Path.Combine(folder, "citrus"));
        await page["input[webkitdirectory]"].SetInputFilesAsync(folder);
        await Expect(page["main"]).ToContainTextAsync("citrus/a.png is in the dataset under “lemon”");
        Assert.Equal("lemon", await LabelAsync("contested"));

        await page.Page.GetByLabel("gets the new one").CheckAsync();
        await page["input[webkitdirectory]"].SetInputFilesAsync(folder);
        await Expect(page["[data-upload]"]).ToContainTextAsync("1 have a new label");
        Assert.Equal("citrus", await LabelAsync("contested"));
    }

    [Fact]
    public async Task Images_that_are_the_same_are_found_with_their_conflicts()
    {
        var folder = topfive.Files.File("twins");
        // Other files of the same pixels: a byte after the end of a PNG is nobody's.
        var bytes = Painted.Png(Painted.Labels[0].Color, 820);
        foreach (var (path, tail) in new[] { ("red/a.png", 1), ("red/b.png", 2), ("crimson/c.png", 3) })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, path))!);
            await File.WriteAllBytesAsync(Path.Combine(folder, path), [.. bytes, (byte)tail], TestContext.Current.CancellationToken);
        }

        Painted.File(folder, "snow", 821, "white/d.png");
        await using var page = await chromium.OpenAsync(topfive.Console, "/console/datasets");
        await page.Page.GetByLabel("Dataset", new PageGetByLabelOptions { Exact = true }).FillAsync("twins");
        await page["input[webkitdirectory]"].SetInputFilesAsync(folder);
        await Expect(page["[data-upload]"]).ToContainTextAsync("4 images added");
        await page.Page.GotoAsync("/console/datasets?dataset=twins");

        await page.Button("Look for them").ClickAsync();

        await Expect(page["[data-duplicates]"]).ToHaveAttributeAsync("data-duplicates", "1");
        await Expect(page[".group"]).ToContainTextAsync("label conflict");
        await Expect(page[".group .thumbs li"]).ToHaveCountAsync(3);
    }

    private async Task<string> LabelAsync(string dataset)
    {
        using var channel = GrpcChannel.ForAddress(topfive.Grpc);
        using var examples = new Datasets.DatasetsClient(channel).ListExamples(new ListExamplesRequest { Dataset = dataset }, cancellationToken: TestContext.Current.CancellationToken);
        return Assert.Single(await examples.ResponseStream.ReadAllAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken)).Label;
    }
}
