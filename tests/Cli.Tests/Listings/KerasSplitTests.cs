using Google.Protobuf;
using Topfive.Classifier.V1;
using Xunit;

namespace Topfive.Cli.Tests;

public sealed class KerasSplitTests
{
    [Theory]
    [InlineData(0.25, 7, 1)]
    [InlineData(0.25, 8, 2)]
    [InlineData(0.25, 3, 0)]
    [InlineData(0, 10, 0)]
    [InlineData(0.29, 100, 28)] // The product is 28.999…: Keras truncates it.
    [InlineData(0.1, 30, 3)]
    [InlineData(0.99, 1, 0)]
    public void The_first_files_of_a_label_are_validation(double fraction, int files, int validation)
    {
        var splits = KerasSplit.Assign(Files("a", files), fraction);

        Assert.All(splits.Take(validation), split => Assert.Equal(Split.Validation, split));
        Assert.All(splits.Skip(validation), split => Assert.Equal(Split.Training, split));
    }

    [Fact]
    public void Each_label_is_split_by_itself()
    {
        LabeledFile[] files = [.. Files("a", 4), .. Files("b", 9), .. Files("c", 1)];

        var splits = KerasSplit.Assign(files, 0.25);

        Assert.Equal([0, 4, 5], splits.Index().Where(split => split.Item == Split.Validation).Select(split => split.Index));
    }

    [Fact]
    public void Labels_of_the_Kaggle_dog_breeds_sizes_give_7718_training_and_2504_validation_images()
    {
        // Sizes 4q + r with Σq = 2,504 and Σr = 206, between 65 and 102 as the breeds' are around 85.
        int[] sizes = [.. Enumerable.Range(0, 120).Select(i =>
        {
            var swing = i / 2 % 5 * (i % 2 == 0 ? 1 : -1);
            return (4 * ((i < 16 ? 20 : 21) + swing)) + (i < 34 ? 1 : 2);
        })];
        LabeledFile[] files = [.. sizes.SelectMany((size, i) => Files($"breed {i:D3}", size))];
        Assert.Equal((120, 10_222), (sizes.Length, files.Length));

        var splits = KerasSplit.Assign(files, 0.25);

        Assert.Equal(2_504, splits.Count(split => split == Split.Validation));
        Assert.Equal(7_718, splits.Count(split => split == Split.Training));
    }

    [Fact]
    public void A_group_stays_together_and_validates_where_all_of_it_fits()
    {
        // Of eight files two validate: film x has three, so the next files take its place.
        string[] groups = ["x", "y", "x", "y", "x", "", "", ""];
        LabeledFile[] files = [.. Files("a", 8).Zip(groups, (file, group) => file with { Group = ByteString.CopyFromUtf8(group) })];

        Assert.Equal([1, 3], Validation(KerasSplit.Assign(files, 0.25)));
    }

    [Fact]
    public void A_group_under_two_labels_fits_only_where_it_fits_into_both()
    {
        LabeledFile[] files = [.. Files("a", 4), .. Files("b", 3)];
        files[0] = files[0] with { Group = ByteString.CopyFromUtf8("film") };
        files[4] = files[4] with { Group = ByteString.CopyFromUtf8("film") };

        Assert.Equal([1], Validation(KerasSplit.Assign(files, 0.25)));
    }

    private static IEnumerable<int> Validation(Split[] splits) =>
        splits.Index().Where(split => split.Item == Split.Validation).Select(split => split.Index);

    private static LabeledFile[] Files(string label, int count) =>
        [.. Enumerable.Range(0, count).Select(i => new LabeledFile($"{label}/{i:D4}.png", $"{label}/{i:D4}.png", label))];
}
