using Google.Protobuf;
using Topfive.Classifier.V1;
using Xunit;

namespace Topfive.Cli.Tests;

public sealed class ImportTests : ImportedFolder
{
    [Fact]
    public async Task The_summary_counts_computed_cached_and_failed_images_and_names_the_failed_ones()
    {
        await using var gateway = await FakeGateway.StartAsync();
        Write(("a/1.png", "new"), ("a/2.png", "hit"), ("b/1.png", "bad"), ("b/2.png", "new"), ("b/read.me", "x"));

        var outcome = await gateway.RunAsync("import", _folder.Path, "--dataset", "d");

        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("Imported 3 into \"d\": 2 computed, 1 cache hits; 0 copies of others left out; 1 failed", outcome.Output);
        Assert.Contains("b/1.png: INVALID_ARGUMENT: the JPEG is truncated", outcome.Errors);
        Assert.Contains("Skipped 1 files", outcome.Output);
        Assert.Contains("b/read.me", outcome.Output);
    }

    [Fact]
    public async Task Every_image_goes_with_its_label_and_Keras_side_of_the_split()
    {
        await using var gateway = await FakeGateway.StartAsync();
        Write([.. Enumerable.Range(0, 200).Select(i => ($"a/{i:D3}.png", "new")), .. Enumerable.Range(0, 5).Select(i => ($"b/{i}.png", "new"))]);

        var outcome = await gateway.RunAsync("import", _folder.Path, "--dataset", "d", "--validation", "0.5");

        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal(205, gateway.State.Ingested.Count);
        Assert.All(gateway.State.Ingested, image => Assert.Equal("d", image.Dataset));
        Assert.Equal(100, gateway.State.Ingested.Count(image => image.Label == "a" && image.Split == Split.Validation));
        Assert.Equal(["b/0.png", "b/1.png"], gateway.State.Ingested.Where(image => image.Label == "b" && image.Split == Split.Validation).Select(image => image.Id));
    }

    [Fact]
    public async Task An_image_over_the_services_limit_fails_alone_and_is_not_sent()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.State.MaxImageBytes = 20;
        Write(("a/1.png", "far too long to be sent"), ("a/2.png", "short"));

        var outcome = await gateway.RunAsync("import", _folder.Path, "--dataset", "d");

        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("a/1.png: 23 bytes; the services take at most 20", outcome.Errors);
        Assert.Equal("a/2.png", Assert.Single(gateway.State.Ingested).Id);
    }

    [Fact]
    public async Task A_stream_that_ends_early_says_why()
    {
        await using var gateway = await FakeGateway.StartAsync();
        Write([.. Enumerable.Range(0, 500).Select(i => ($"a/{i:D3}.png", i == 100 ? "end" : "new"))]);

        var outcome = await gateway.RunAsync("import", _folder.Path, "--dataset", "d");

        Assert.Equal(1, outcome.ExitCode);
        Assert.Equal("INTERNAL: the store burns", outcome.Errors.Trim());
    }

    [Fact]
    public async Task What_the_store_has_goes_by_its_hash_alone()
    {
        await using var gateway = await FakeGateway.StartAsync();
        Write(("a/1.png", "new"), ("b/1.png", "new"));
        await gateway.RunAsync("import", _folder.Path, "--dataset", "d");
        Write(("b/2.png", "new"));

        var outcome = await gateway.RunAsync("import", _folder.Path, "--dataset", "e");

        Assert.Contains("Imported 3 into \"e\": 1 computed, 2 cache hits", outcome.Output);
        var sent = gateway.State.Ingested.Where(image => image.Dataset == "e").ToList();
        Assert.Equal(["a/1.png", "b/1.png", "b/2.png"], sent.Select(image => image.Id));
        Assert.Equal([32, 32, 0], sent.Select(image => image.ImageHash.Length));
        Assert.Equal([0, 0, 11], sent.Select(image => image.Image.Length));
    }

    [Fact]
    public async Task Of_four_hundred_images_with_1_percent_broken_every_good_one_goes_and_every_broken_one_is_listed()
    {
        await using var gateway = await FakeGateway.StartAsync();
        Write([.. Enumerable.Range(0, 400).Select(i => ($"{"ab"[i % 2]}/{i:D3}.png", i % 100 == 7 ? "bad" : "new"))]);

        var outcome = await gateway.RunAsync("import", _folder.Path, "--dataset", "d");

        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("Imported 396 into \"d\": 396 computed, 0 cache hits; 0 copies of others left out; 4 failed", outcome.Output);
        Assert.Equal(
            ["4 failed: INVALID_ARGUMENT: the JPEG is truncated", "  b/007.png", "  b/107.png", "  b/207.png", "  b/307.png"],
            outcome.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("Importing: 400 of 400 images (100 %), ", outcome.Output);
        Assert.Contains(" a second, 0 cache hits, 4 errors, ", outcome.Output);
        Assert.Equal(1, (await gateway.RunAsync("import", _folder.Path, "--dataset", "d", "--strict")).ExitCode);
    }

    [Theory]
    [InlineData("--split", "hash", "--validation", "0.5")]
    [InlineData("--split", "random")]
    public async Task A_split_that_makes_no_sense_is_wrong_usage(params string[] options)
    {
        await using var gateway = await FakeGateway.StartAsync();

        Assert.Equal(2, (await gateway.RunAsync(["import", _folder.Path, "--dataset", "d", .. options])).ExitCode);
    }

    [Fact]
    public async Task Augmented_copies_are_asked_for_with_every_image_and_what_lacks_one_is_sent_again()
    {
        await using var gateway = await FakeGateway.StartAsync();
        Write([.. Enumerable.Range(0, 4).Select(i => ($"a/{i}.png", "new"))]);

        var first = await gateway.RunAsync("import", _folder.Path, "--dataset", "d", "--augment", "2", "--augment-seed", "9");
        var again = await gateway.RunAsync("import", _folder.Path, "--dataset", "e", "--augment", "2", "--augment-seed", "9");
        var more = await gateway.RunAsync("import", _folder.Path, "--dataset", "f", "--augment", "3", "--augment-seed", "9");

        Assert.Contains("Imported 4 into \"d\": 4 computed, 0 cache hits", first.Output);
        Assert.Contains("With 6 augmented copies of the training images: 6 computed, 0 cache hits", first.Output);
        Assert.Contains("With 6 augmented copies of the training images: 0 computed, 6 cache hits", again.Output);
        Assert.All(gateway.State.Ingested, image => Assert.Equal((9UL, 0.2f, true), (image.Augmentation.Seed, image.Augmentation.Shear, image.Augmentation.HorizontalFlip)));
        Assert.Equal([2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3], gateway.State.Ingested.Select(image => image.AugmentedCopies));
        Assert.All(gateway.State.Ingested.Where(image => image.Dataset == "e"), image => Assert.Equal(32, image.ImageHash.Length));
        Assert.Equal(
            [("a/0.png", false), ("a/1.png", true), ("a/2.png", true), ("a/3.png", true)],
            gateway.State.Ingested.Where(image => image.Dataset == "f").Select(image => (image.Id, image.Image.Length > 0)).Order());
        Assert.Equal(0, more.ExitCode);
    }

    [Fact]
    public async Task Without_the_option_no_copy_is_asked_for_and_a_wrong_one_is_wrong_usage()
    {
        await using var gateway = await FakeGateway.StartAsync();
        Write(("a/1.png", "new"));

        Assert.Equal(2, (await gateway.RunAsync("import", _folder.Path, "--dataset", "d", "--augment", "101")).ExitCode);
        Assert.Equal(2, (await gateway.RunAsync("import", _folder.Path, "--dataset", "d", "--augment-seed", "1")).ExitCode);
        var outcome = await gateway.RunAsync("import", _folder.Path, "--dataset", "d");

        Assert.Equal((0, null), (Assert.Single(gateway.State.Ingested).AugmentedCopies, gateway.State.Ingested.Single().Augmentation));
        Assert.DoesNotContain("augmented", outcome.Output);
    }

    [Fact]
    public async Task A_split_by_hash_is_left_to_the_services_and_the_group_goes_along()
    {
        await using var gateway = await FakeGateway.StartAsync();
        Write(("1.jpg", "new"), ("2.jpg", "new"), ("labels.csv", "id,label,group\n1,boxer,litter\n2,boxer,\n"));

        var outcome = await gateway.RunAsync("import", _folder.File("labels.csv"), "--dataset", "dogs", "--split", "hash");

        Assert.Contains("1 labels, 2 images, split by hash", outcome.Output);
        Assert.All(gateway.State.Ingested, image => Assert.Equal(Split.Unspecified, image.Split));
        Assert.Equal(["litter", ""], gateway.State.Ingested.Select(image => image.Group.ToStringUtf8()));
    }

    [Fact]
    public async Task A_csv_takes_its_images_from_another_folder()
    {
        await using var gateway = await FakeGateway.StartAsync();
        Write(("train/1.jpg", "new"), ("train/2.jpg", "new"), ("labels.csv", "id,breed\n1,boxer\n2,beagle\n3,boxer\n"));

        var outcome = await gateway.RunAsync("import", _folder.File("labels.csv"), "--images", _folder.File("train"), "--dataset", "dogs");

        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal([("2", "beagle"), ("1", "boxer")], gateway.State.Ingested.Select(image => (image.Id, image.Label)));
        Assert.Contains("  3: ", outcome.Errors);
    }

    [Fact]
    public async Task Progress_off_a_terminal_is_plain_lines()
    {
        await using var gateway = await FakeGateway.StartAsync();
        Write(("a/1.png", "new"), ("a/2.png", "new"));

        var outcome = await gateway.RunAsync("import", _folder.Path, "--dataset", "d");

        Assert.Contains("Importing: 2 of 2 images (100 %)", outcome.Output);
        Assert.DoesNotContain('\x1b', outcome.Output);
        Assert.DoesNotContain('\r', outcome.Output);
        Assert.All(outcome.Output.Split('\n'), line => Assert.Equal(line.TrimEnd(), line));
    }
}
