using Xunit;

namespace Topfive.ClassifierService.Tests;

/// <summary>The search beside the plain definition, computed in double.</summary>
public sealed class ExampleIndexTests
{
    private const int Rows = 3_000;

    [Theory]
    [InlineData(130, 1)]
    [InlineData(130, 100)]
    [InlineData(2048, 7)]
    [InlineData(1, 5)]
    public async Task A_search_finds_what_comparing_everything_finds_ties_included(int dimensions, int count)
    {
        var (matrix, random) = (Matrix(dimensions), new Random(2));
        var index = Index(matrix, dimensions);
        for (var search = 0; search < 40; search++)
        {
            // A row itself has copies; a vector near one has close rivals; one of noise has none.
            var row = random.Next(Rows);
            float[] vector = [.. Enumerable.Range(0, dimensions).Select(i => search % 3 == 2
                ? random.NextSingle() - 0.5f
                : matrix[(row * dimensions) + i] + (search % 3 == 1 ? 0.05f * random.NextSingle() : 0))];

            var found = await index.FindAsync(new NeighborQuery(vector, count));

            var expected = Nearest(matrix, dimensions, vector, count);
            Assert.Equal(expected.Select(neighbor => $"image {neighbor.Row}"), found.Select(neighbor => index.Labels[neighbor.Row]));
            Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First.Cosine, pair.Second.Cosine, 1e-12));
        }
    }

    [Fact]
    public async Task Searches_at_the_same_time_share_a_scan_and_each_gets_its_own_answer()
    {
        var matrix = Matrix(130);
        var index = Index(matrix, 130);

        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Task.Run(
            () => index.FindAsync(new NeighborQuery(matrix.AsSpan((100 + i) * 130, 130), 3)))));

        for (var i = 0; i < answers.Length; i++)
        {
            Assert.Equal(
                Nearest(matrix, 130, matrix[((100 + i) * 130)..((101 + i) * 130)], 3).Select(neighbor => $"image {neighbor.Row}"),
                answers[i].Select(neighbor => index.Labels[neighbor.Row]));
        }
    }

    [Fact]
    public async Task Rows_without_a_length_are_left_out_and_a_vector_without_one_is_as_near_to_all()
    {
        float[] matrix = [0, 0, 1, 0, float.NaN, 1, 0, 2, 3, 3];
        var index = Index(matrix, 2);

        Assert.Equal(["image 1", "image 3", "image 4"], index.Labels);
        Assert.Equal([1, 2, 0], (await index.FindAsync(new NeighborQuery([0, 1], 10))).Select(neighbor => neighbor.Row));
        Assert.Equal([(0, 0.0), (1, 0.0)], await index.FindAsync(new NeighborQuery([0, 0], 2)));
        Assert.Empty(await Index([], 2).FindAsync(new NeighborQuery([0, 1], 1)));
    }

    private static ExampleIndex Index(float[] matrix, int dimensions)
    {
        var rows = matrix.Length / dimensions;
        return new ExampleIndex(
            "digest", [.. Enumerable.Range(0, rows).Select(_ => Some.Image())], [.. Enumerable.Range(0, rows).Select(row => $"image {row}")], [.. matrix], dimensions);
    }

    /// <summary>Like a backbone's, some with numbers below zero, some copies of others, as they are or twice as long.</summary>
    private static float[] Matrix(int dimensions)
    {
        var random = new Random(1);
        var matrix = new float[Rows * dimensions];
        for (var row = 0; row < Rows; row++)
        {
            var vector = SyntheticVectors.Vector(row + 1, row % 20, dimensions);
            if (row % 5 == 0) vector = Array.ConvertAll(vector, value => value - 0.4f);
            if (row % 7 == 0 && row > 0)
            {
                var original = random.Next(row);
                vector = Array.ConvertAll(matrix[(original * dimensions)..((original + 1) * dimensions)], value => value * (1 + (row % 2)));
            }

            vector.CopyTo(matrix, row * dimensions);
        }

        return matrix;
    }

    private static IEnumerable<(int Row, double Cosine)> Nearest(float[] matrix, int dimensions, float[] vector, int count) =>
        Enumerable.Range(0, matrix.Length / dimensions)
            .Select(row => (Row: row, Cosine: Cosine(matrix.AsSpan(row * dimensions, dimensions), vector)))
            .OrderByDescending(neighbor => Math.Round(neighbor.Cosine, 13)).ThenBy(neighbor => neighbor.Row)
            .Take(count);

    private static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double product = 0, squaresA = 0, squaresB = 0;
        for (var i = 0; i < a.Length; i++)
        {
            product += (double)a[i] * b[i];
            squaresA += (double)a[i] * a[i];
            squaresB += (double)b[i] * b[i];
        }

        return product / Math.Sqrt(squaresA * squaresB);
    }
}
