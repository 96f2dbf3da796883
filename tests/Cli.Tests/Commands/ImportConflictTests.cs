using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Topfive.Classifier.V1;
using Xunit;

namespace Topfive.Cli.Tests;

/// <summary>Copies with another label or on the other side of the split, in the folder itself and in the dataset.</summary>
public sealed class ImportConflictTests : ImportedFolder
{
    [Fact]
    public async Task Of_copies_the_first_has_the_word_and_one_with_another_label_is_named()
    {
        await using var gateway = await FakeGateway.StartAsync();
        Write(("a/1.png", "the same"), ("a/2.png", "the same"), ("b/1.png", "the same"), ("b/2.png", "new"));

        var outcome = await gateway.RunAsync("import", _folder.Path, "--dataset", "d");

        Assert.Equal(["a/1.png", "b/2.png"], gateway.State.Ingested.Select(image => image.Id));
        Assert.Contains("Imported 2 into \"d\": 2 computed, 0 cache hits; 1 copies of others left out; 1 failed", outcome.Output);
        Assert.Contains("b/1.png: the same image as a/1.png, which is labelled \"a\"", outcome.Errors);
        Assert.Contains("Hashing: 4 of 4 images", outcome.Output);
        Assert.Contains("Importing: 2 of 2 images", outcome.Output);
        Assert.Contains("1 images are under two labels; the first name keeps its label", outcome.Output);
    }

    [Fact]
    public async Task Strict_and_an_import_of_nothing_end_with_1()
    {
        await using var gateway = await FakeGateway.StartAsync();
        Write(("a/1.png", "bad"));
        Assert.Equal(1, (await gateway.RunAsync("import", _folder.Path, "--dataset", "d")).ExitCode);

        Write(("a/2.png", "new"));
        Assert.Equal(0, (await gateway.RunAsync("import", _folder.Path, "--dataset", "d")).ExitCode);
        Assert.Equal(1, (await gateway.RunAsync("import", _folder.Path, "--dataset", "d", "--strict")).ExitCode);
    }

    [Fact]
    public async Task Copies_on_both_sides_of_the_split_are_named_before_anything_is_sent()
    {
        await using var gateway = await FakeGateway.StartAsync();
        Write(("a/1.png", "the same"), ("a/2.png", "new"), ("a/3.png", "the same"), ("a/4.png", "new"));

        var outcome = await gateway.RunAsync("import", _folder.Path, "--dataset", "d");

        Assert.Contains("1 images are on both sides of the split; the first name keeps its side, the others are left out:", outcome.Output);
        Assert.Contains("  a/3.png: the same image as a/1.png, which is validation", outcome.Output);
        Assert.True(outcome.Output.IndexOf("a/3.png", StringComparison.Ordinal) < outcome.Output.IndexOf("Importing", StringComparison.Ordinal));
        Assert.Contains("0 failed", outcome.Output);
        Assert.Equal(Split.Validation, gateway.State.Ingested.Single(image => image.Id == "a/1.png").Split);
    }

    [Fact]
    public async Task What_the_dataset_says_otherwise_is_told_before_anything_is_sent_and_strict_sends_nothing()
    {
        await using var gateway = await FakeGateway.StartAsync();
        Write(("1.jpg", "one"), ("2.jpg", "two"), ("3.jpg", "three"), ("4.jpg", "four"),
            ("labels.csv", "id,label,group,split\n1,dog,,train\n2,dog,,train\n3,dog,litter,train\n4,dog,,train\n"));
        gateway.State.Examples.Enqueue(Held("1.jpg", "cat", Split.Training));
        gateway.State.Examples.Enqueue(Held("2.jpg", "dog", Split.Validation));
        gateway.State.Examples.Enqueue(Held("elsewhere", "dog", Split.Validation, "litter"));
        gateway.State.Examples.Enqueue(Held("4.jpg", "dog", Split.Training));
        string[] import = ["import", _folder.File("labels.csv"), "--dataset", "d", "--split", "given"];

        var refused = await gateway.RunAsync([.. import, "--strict"]);
        Assert.Equal(1, refused.ExitCode);
        Assert.Empty(gateway.State.Ingested);
        Assert.Contains("Nothing was sent: --strict, and dataset \"d\" says otherwise of 3.", refused.Errors);
        Assert.Contains("  1: \"dog\" in this import, \"cat\" in the dataset", refused.Errors);

        var outcome = await gateway.RunAsync(import);

        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal(4, gateway.State.Ingested.Count);
        Assert.Contains("1 images have another label in \"d\" already; this import's replaces it:\n  1: \"dog\" in this import, \"cat\" in the dataset\n", outcome.Output);
        Assert.Contains("1 images are on the other side of the split in \"d\" already; this import moves them:\n  2: training in this import, validation in the dataset\n", outcome.Output);
        Assert.Matches("1 groups will be on both sides of the split:\n  group litter: 3 is training, image [0-9a-f]{64} in the dataset is validation\n", outcome.Output);
        Assert.True(outcome.Output.IndexOf("  1: ", StringComparison.Ordinal) < outcome.Output.IndexOf("Importing", StringComparison.Ordinal));
        // The fake keeps saying what it said, as a dataset does that another import writes to.
        Assert.Contains("2 images were changed in \"d\" by another import while this one ran:\n  1: ", outcome.Output);
    }

    [Fact]
    public async Task A_split_by_hash_is_compared_with_the_dataset_as_the_services_will_decide_it()
    {
        await using var gateway = await FakeGateway.StartAsync();
        Write([.. Enumerable.Range(0, 20).Select(i => ($"a/{i:D2}.jpg", "new"))]);
        foreach (var i in Enumerable.Range(0, 20))
        {
            var held = Held($"a/{i:D2}.jpg", "a", Split.Unspecified);
            held.Split = held.ImageHash[0] < 64 ? Split.Validation : Split.Training;
            gateway.State.Examples.Enqueue(held);
        }

        var outcome = await gateway.RunAsync("import", _folder.Path, "--dataset", "d", "--split", "hash", "--strict");

        Assert.True(outcome.ExitCode == 0, outcome.Errors);
        Assert.DoesNotContain("other side", outcome.Output);
    }

    /// <summary>What a dataset holds of a file's image, or of one that is nowhere.</summary>
    private Example Held(string name, string label, Split split, string group = "") => new()
    {
        ImageHash = ByteString.CopyFrom(SHA256.HashData(File.Exists(_folder.File(name)) ? File.ReadAllBytes(_folder.File(name)) : Encoding.UTF8.GetBytes(name))),
        Label = label,
        Split = split,
        Group = ByteString.CopyFromUtf8(group),
    };
}
