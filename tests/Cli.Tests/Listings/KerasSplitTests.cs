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

    private static LabeledFile[] Files(string label, int count) =>
        [.. Enumerable.Range(0, count).Select(i => new LabeledFile($"{label}/{i:D4}.png", $"{label}/{i:D4}.png", label))];
}
