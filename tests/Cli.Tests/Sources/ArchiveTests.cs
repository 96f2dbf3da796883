using System.Formats.Tar;
using System.IO.Compression;
using Topfive.Classifier.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Cli.Tests;

public sealed class ArchiveTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    [Theory]
    [InlineData("photos.tar")]
    [InlineData("photos.tar.gz")]
    [InlineData("photos.tgz")]
    [InlineData("photos.ZIP")]
    public async Task An_archive_gives_the_examples_that_its_folder_gives(string name)
    {
        await using var gateway = await FakeGateway.StartAsync();
        // Archives keep no order; the split goes by name.
        string[] names = ["b/2.png", "a/3.png", "a/1.png", "b/more/4.png", "a/2.png", "a/4.png", "b/1.png", "b/3.png", "b/read.me"];
        Pack(name, [.. names.Select(file => (file, $"new {file}"))]);
        foreach (var file in names)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder.File($"disk/{file}"))!);
            File.WriteAllText(_folder.File($"disk/{file}"), $"new {file}");
        }

        await gateway.RunAsync("import", _folder.File("disk"), "--dataset", "disk");
        gateway.State.Known.Clear();
        var outcome = await gateway.RunAsync("import", _folder.File(name), "--dataset", "archive");

        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("Imported 8 into \"archive\": 8 computed", outcome.Output);
        Assert.Contains("Skipped 1 files", outcome.Output);
        Assert.Equal(Examples(gateway, "disk"), Examples(gateway, "archive"));
        Assert.Contains("0 computed, 8 cache hits", (await gateway.RunAsync("import", _folder.File(name), "--dataset", "archive")).Output);
    }

    [Fact]
    public async Task A_folder_around_the_class_folders_and_a_leading_dot_are_no_label()
    {
        var listing = await ListAsync("photos.tar", ("./photos/.DS_Store", ""), ("./photos/a/1.png", "x"), ("./photos/b/1.png", "y"));

        Assert.Equal([("a/1.png", "a"), ("b/1.png", "b")], listing.Listing.Files.Select(file => (file.Id, file.Label)));
        Assert.All(listing.Hashes, hash => Assert.NotNull(hash));
    }

    [Fact]
    public async Task Folders_for_the_sides_of_the_split_are_read()
    {
        var listing = await ListAsync("photos.zip", splitGiven: true, ("validation/a/1.png", "x"), ("train/a/1.png", "y"));

        Assert.Equal([Split.Training, Split.Validation], listing.Listing.Files.Select(file => file.GivenSplit));
    }

    [Theory]
    [InlineData("photos.tar")]
    [InlineData("photos.tar.gz")]
    [InlineData("photos.zip")]
    public async Task A_csv_beside_an_archive_labels_groups_and_splits_what_is_in_it(string name)
    {
        await using var gateway = await FakeGateway.StartAsync();
        // Two names with the folder around all images, one without, one without its extension either.
        Pack(name, [("train/1.jpg", "new 1"), ("train/2.jpg", "new 2"), ("train/more/3.PNG", "new 3"), ("train/4.jpg", "new 4"), ("train/read.me", "")]);
        File.WriteAllText(_folder.File("labels.csv"), "id,label,group,split\ntrain/1.jpg,cat,litter,train\n2,dog,litter,train\nmore/3,dog,,valid\nmissing,dog,,valid\n");

        var outcome = await gateway.RunAsync("import", _folder.File(name), "--labels", _folder.File("labels.csv"), "--split", "given", "--dataset", "d");

        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal(
            [("2", "dog", Split.Training, "litter", "new 2"), ("more/3", "dog", Split.Validation, "", "new 3"), ("train/1.jpg", "cat", Split.Training, "litter", "new 1")],
            gateway.State.Ingested.Select(image => (image.Id, image.Label, image.Split, image.Group.ToStringUtf8(), image.Image.ToStringUtf8())).Order());
        Assert.Contains("2 failed", outcome.Output);
        Assert.Contains($"  missing: {_folder.File(name)} has no file missing", outcome.Errors);
        Assert.Contains("  4.jpg: labels.csv has no label for it", outcome.Errors);
        Assert.Equal(1, (await gateway.RunAsync("import", _folder.File(name), "--labels", _folder.File("labels.csv"), "--split", "given", "--dataset", "d", "--strict")).ExitCode);
    }

    [Fact]
    public async Task Labels_beside_a_folder_are_read_and_a_label_file_that_is_missing_or_of_no_use_is_told_first()
    {
        await using var gateway = await FakeGateway.StartAsync();
        Directory.CreateDirectory(_folder.File("photos"));
        File.WriteAllText(_folder.File("photos/1.jpg"), "new 1");
        File.WriteAllText(_folder.File("labels.csv"), "id,label\n1,cat\n");
        Pack("photos.tar", [("1.jpg", "new 1")]);

        await gateway.RunAsync("import", _folder.File("photos"), "--labels", _folder.File("labels.csv"), "--dataset", "d");
        Assert.Equal(("1", "cat"), gateway.State.Ingested.Select(image => (image.Id, image.Label)).Single());

        var missing = await gateway.RunAsync("import", _folder.File("photos.tar"), "--labels", _folder.File("none.csv"), "--dataset", "d");
        Assert.Equal((1, $"There is no CSV at {_folder.File("none.csv")}."), (missing.ExitCode, missing.Errors.Trim()));
        Assert.Equal(2, (await gateway.RunAsync("import", _folder.File("labels.csv"), "--labels", _folder.File("labels.csv"), "--dataset", "d")).ExitCode);
    }

    [Fact]
    public async Task Names_that_lead_out_or_come_twice_and_images_too_large_are_problems()
    {
        var listing = await ListAsync("photos.tar",
            ("../a/1.png", "x"), ("/a/2.png", "x"), ("a/3.png", "right"), ("a/3.png", "again"), ("a/4.png", new string('x', 2_000)), ("a/\u001b[2J.png", "escape"));

        Assert.Equal(["a/3.png", "a/4.png", "a/\uFFFD[2J.png"], listing.Listing.Files.Select(file => file.Id).Order(CodePointOrder.Instance));
        Assert.Equal(
            [("../a/1.png", "leads out"), ("/a/2.png", "leads out"), ("a/3.png", "twice"), ("a/4.png", "at most 1,000")],
            listing.Listing.Problems.Select(problem => (problem.Id, new[] { "leads out", "twice", "at most 1,000" }.Single(problem.Reason.Contains))));
    }

    [Theory]
    [InlineData("photos.tar")]
    [InlineData("photos.tar.gz")]
    [InlineData("photos.zip")]
    public async Task An_archive_cut_short_is_named_and_nothing_is_sent(string name)
    {
        await using var gateway = await FakeGateway.StartAsync();
        var random = new Random(1);
        Pack(name, [.. Enumerable.Range(0, 20).Select(i => ($"a/{i}.png", string.Concat(Enumerable.Range(0, 500).Select(_ => (char)random.Next(33, 126)))))]);
        var bytes = File.ReadAllBytes(_folder.File(name));
        File.WriteAllBytes(_folder.File(name), bytes[..(bytes.Length * 6 / 10)]);

        var outcome = await gateway.RunAsync("import", _folder.File(name), "--dataset", "d");

        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains($"{name} is broken or cut short: ", outcome.Errors);
        Assert.Empty(gateway.State.Ingested);
    }

    public void Dispose() => _folder.Dispose();

    private static List<(string, string, Split, string)> Examples(FakeGateway gateway, string dataset) =>
        [.. gateway.State.Ingested.Where(image => image.Dataset == dataset).Select(image => (image.Id, image.Label, image.Split, image.Image.ToStringUtf8())).Order()];

    private Task<HashedListing> ListAsync(string name, params (string Name, string Content)[] files) => ListAsync(name, false, files);

    private async Task<HashedListing> ListAsync(string name, bool splitGiven, params (string Name, string Content)[] files)
    {
        Pack(name, files);
        return await new ArchiveImages(new Archive(_folder.File(name)), splitGiven).HashAsync(1_000, new Silent(), CancellationToken.None);
    }

    private void Pack(string name, (string Name, string Content)[] files)
    {
        using var file = File.Create(_folder.File(name));
        if (name.EndsWith("zip", StringComparison.OrdinalIgnoreCase))
        {
            using var zip = new ZipArchive(file, ZipArchiveMode.Create);
            foreach (var (entry, content) in files)
            {
                using var writer = new StreamWriter(zip.CreateEntry(entry).Open());
                writer.Write(content);
            }

            return;
        }

        using Stream bytes = name.EndsWith(".tar", StringComparison.Ordinal) ? file : new GZipStream(file, CompressionLevel.Fastest);
        using var tar = new TarWriter(bytes);
        foreach (var (entry, content) in files)
        {
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, entry) { DataStream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(content)) });
        }
    }

    private sealed class Silent : IProgressDisplay
    {
        public void Show(long done, string note = "")
        {
        }
    }
}
