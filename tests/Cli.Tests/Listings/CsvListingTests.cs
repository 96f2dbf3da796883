using Topfive.Classifier.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Cli.Tests;

public sealed class CsvListingTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    [Fact]
    public void An_id_names_its_file_with_or_without_the_extension()
    {
        Images("000bec18.jpg", "b.png", "UPPER.JPG", "sub/c.webp");

        var listing = Read("id,breed\n000bec18,boxer\nb.png,beagle\nUPPER,beagle\nsub/c,boxer\n");

        Assert.Empty(listing.Problems);
        Assert.Equal(
            [("UPPER", "beagle"), ("b.png", "beagle"), ("000bec18", "boxer"), ("sub/c", "boxer")],
            listing.Files.Select(file => (file.Id, file.Label)));
    }

    [Fact]
    public void The_column_called_label_wins_over_the_one_after_id()
    {
        Images("a.png");

        var listing = Read("id,photographer,label\r\na,\"Doe, Jane\",\"a \"\"dog\"\"\"\r\n");

        Assert.Equal("a \"dog\"", Assert.Single(listing.Files).Label);
    }

    [Fact]
    public void A_missing_file_and_an_empty_label_are_problems_and_the_rest_goes_on()
    {
        Images("a.png", "b.png");

        var listing = Read("id,label\na,x\nb,\nc,x\n");

        Assert.Equal("a", Assert.Single(listing.Files).Id);
        Assert.Equal(["b", "c"], listing.Problems.Select(problem => problem.Id));
        Assert.Contains(".jpg", listing.Problems[1].Reason);
    }

    [Fact]
    public void Images_without_a_line_are_named_and_other_files_are_not()
    {
        Images("a.png", "b.png", "sub/c.jpg", "read.me", ".hidden.png", ".git/d.png");

        var listing = Read("id,label\na,x\n");

        Assert.Equal(
            [("b.png", "labels.csv has no label for it"), ("sub/c.jpg", "labels.csv has no label for it")],
            listing.Problems.Select(problem => (problem.Id, problem.Reason)));
    }

    [Fact]
    public void The_same_file_twice_counts_once()
    {
        Images("a.png");

        Assert.Single(Read("id,label\na,x\na.png,x\n").Files);
    }

    [Fact]
    public void Groups_and_given_sides_are_read_from_their_columns()
    {
        Images("a.png", "b.png", "c.png");

        var listing = Read("id,label,split,group\na,x,Train,film\nb,x,valid,\nc,x,test,\n", splitGiven: true);

        Assert.Equal([("a", Split.Training, "film"), ("b", Split.Validation, "")], listing.Files.Select(file => (file.Id, file.GivenSplit, file.Group.ToStringUtf8())));
        Assert.Contains("\"test\"", Assert.Single(listing.Problems).Reason);
        Assert.Contains("no column split", Assert.Throws<CommandFailure>(() => Read("id,label\na,x\n", splitGiven: true)).Message);
    }

    [Theory]
    [InlineData("id,label\na,x\na.png,y\n", "line 3")]
    [InlineData("name,label\na,x\n", "\"name,label\"")]
    [InlineData("id\na\n", "id and label")]
    [InlineData("", "id and label")]
    [InlineData("id,label\n\"a,x\n", "line 2")]
    public void What_cannot_be_read_is_refused_and_the_message_says_where(string csv, string where)
    {
        Images("a.png");

        var failure = Assert.Throws<CommandFailure>(() => Read(csv));

        Assert.Contains(where, failure.Message);
        Assert.Contains("labels.csv", failure.Message);
    }

    public void Dispose() => _folder.Dispose();

    private void Images(params string[] names)
    {
        foreach (var name in names)
        {
            var path = _folder.File($"images/{name}");
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, name);
        }
    }

    private Listing Read(string csv, bool splitGiven = false)
    {
        var file = _folder.File("labels.csv");
        File.WriteAllText(file, csv);
        return CsvListing.Read(file, splitGiven).Match(ImageNames.In(_folder.File("images")));
    }
}
