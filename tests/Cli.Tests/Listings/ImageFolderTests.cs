using Topfive.Classifier.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Cli.Tests;

public sealed class ImageFolderTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    [Fact]
    public void Files_come_label_by_label_in_the_order_of_their_names()
    {
        Write("b/10.png", "b/9.PNG", "a/x.jpeg", "B/1.gif", "a/X.webp", "a/w.bmp");

        var listing = ImageFolder.Read(_folder.Path);

        Assert.Equal(["B/1.gif", "a/X.webp", "a/w.bmp", "a/x.jpeg", "b/10.png", "b/9.PNG"], listing.Files.Select(file => file.Id));
        Assert.Equal(["B", "a", "a", "a", "b", "b"], listing.Files.Select(file => file.Label));
    }

    [Fact]
    public void A_name_beyond_the_basic_plane_stands_where_its_code_point_does()
    {
        Write("a/\U0001F600.png", "a/\uFB01.png", "a/z.png");

        var listing = ImageFolder.Read(_folder.Path);

        Assert.Equal(["a/z.png", "a/\uFB01.png", "a/\U0001F600.png"], listing.Files.Select(file => file.Id));
    }

    [Fact]
    public void Hidden_files_are_passed_over_and_other_files_are_reported()
    {
        Write("a/1.png", "a/.DS_Store", ".git/2.png", "a/.thumbs/3.png", "a/notes.txt", "loose.png");

        var listing = ImageFolder.Read(_folder.Path);

        Assert.Equal("a/1.png", Assert.Single(listing.Files).Id);
        Assert.Equal(["loose.png", "a/notes.txt"], listing.Skipped);
    }

    [Fact]
    public void Folders_inside_a_class_belong_to_it_and_come_after_its_own_files()
    {
        Write("a/z.png", "a/more/b.png", "a/even/c.png");

        var listing = ImageFolder.Read(_folder.Path);

        Assert.Equal(["a/z.png", "a/even/c.png", "a/more/b.png"], listing.Files.Select(file => file.Id));
        Assert.All(listing.Files, file => Assert.Equal("a", file.Label));
    }

    [Fact]
    public void Folders_for_the_sides_of_the_split_hold_the_class_folders()
    {
        Write("validation/a/1.png", "train/b/1.png", "train/a/more/2.png", "test/a/3.png", "train/loose.png");

        var listing = ImageFolder.Read(_folder.Path, splitGiven: true);

        Assert.Equal(
            [("train/a/more/2.png", "a", Split.Training), ("train/b/1.png", "b", Split.Training), ("validation/a/1.png", "a", Split.Validation)],
            listing.Files.Select(file => (file.Id, file.Label, file.GivenSplit)));
        Assert.Equal(["test/a/3.png", "train/loose.png"], listing.Skipped);
    }

    public void Dispose() => _folder.Dispose();

    private void Write(params string[] names)
    {
        foreach (var name in names)
        {
            var path = _folder.File(name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, name);
        }
    }
}
