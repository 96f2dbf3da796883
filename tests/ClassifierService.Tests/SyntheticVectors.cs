using Google.Protobuf;

namespace Topfive.ClassifierService.Tests;

/// <summary>Vectors that look like a backbone's, not negative and of some structure: a label's vectors lie near each other.</summary>
internal static class SyntheticVectors
{
    /// <summary>Row i has label i mod <paramref name="labels"/>; the training rows come first.</summary>
    public static TrainingData Data(int training, int validation, int dimensions, int labels, double noise = 0.3)
    {
        var rows = training + validation;
        var matrix = new float[rows * dimensions];
        for (var row = 0; row < rows; row++) Vector(row, row % labels, dimensions, noise).CopyTo(matrix, row * dimensions);
        return new TrainingData(
            MemoryMatrix.Of(matrix, dimensions), [.. Enumerable.Range(0, labels).Select(label => $"label {label:D3}")],
            [.. Enumerable.Range(0, rows).Select(row => row % labels)],
            [.. Enumerable.Range(0, training)], [.. Enumerable.Range(training, validation)])
        {
            ImageHashes = [.. Enumerable.Range(0, rows).Select(Hash)],
        };
    }

    /// <summary>32 bytes that stand for a row's image.</summary>
    public static ByteString Hash(int row) => ByteString.CopyFrom([.. BitConverter.GetBytes(row), .. new byte[28]]);

    public static float[] Vector(int seed, int label, int dimensions = 2048, double spread = 0.3)
    {
        var (centre, noise) = (new Random(1_000_003 + label), new Random(seed));
        var vector = new float[dimensions];
        for (var column = 0; column < dimensions; column++)
        {
            vector[column] = (float)((centre.NextDouble() < 0.3 ? 1 : 0) + (spread * noise.NextDouble()));
        }

        return vector;
    }
}
