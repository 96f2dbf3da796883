using Topfive.ClassifierService;

namespace Topfive.Bench;

/// <summary>Vectors that look like a backbone's: not negative, with a mean near 0.4, a label's vectors near each other.</summary>
internal static class SyntheticDataset
{
    public const int Dimensions = 2048;
    public const int Labels = 120;

    /// <summary>The training rows come first.</summary>
    public static TrainingData Of(int training, int validation)
    {
        var random = new Random(7);
        var centres = Enumerable.Range(0, Labels).Select(_ => Enumerable.Range(0, Dimensions).Select(_ => Exponential(random, 0.4)).ToArray()).ToArray();
        var rows = training + validation;
        var matrix = new MemoryMatrix(rows, Dimensions);
        var vector = new float[Dimensions];
        for (var row = 0; row < rows; row++)
        {
            var centre = centres[row % Labels];
            for (var column = 0; column < Dimensions; column++) vector[column] = (float)((0.3 * centre[column]) + Exponential(random, 0.28));
            matrix.Write(row, vector);
        }

        return new TrainingData(
            matrix, [.. Enumerable.Range(0, Labels).Select(label => $"label {label}")],
            [.. Enumerable.Range(0, rows).Select(row => row % Labels)],
            [.. Enumerable.Range(0, training)], [.. Enumerable.Range(training, validation)]);
    }

    private static double Exponential(Random random, double mean) => -mean * Math.Log(1 - random.NextDouble());
}
