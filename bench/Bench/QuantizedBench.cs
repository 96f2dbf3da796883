using Topfive.Backbones;
using Topfive.Classifier.V1;
using Topfive.ClassifierService;
using Topfive.FeatureService;
using Topfive.ServiceDefaults;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>
/// The int8 backbone beside the float32 one: images a second, cosine of their vectors on images that took no part in the
/// calibration, accuracy of heads trained on either. Drawings are demo-data/fetch's, of one vendor or both, photographs cuts of the tests'.
/// </summary>
internal static class QuantizedBench
{
    private const int Batch = 8;
    private const int Threads = 2;
    private const double LimitSpeed = 2.3;
    private const double LimitCosine = 0.995;
    private const double LimitPoints = 0.5;
    private const int PhotosOfEachKind = 32;
    private const int ThirdsOfDrawingsToCheck = 32;
    private const int DrawingsToCalibrate = 160;
    private const int Folds = 4;
    private const int Seeds = 3;

    /// <param name="folders">With a folder for each label in each.</param>
    public static async Task<int> RunAsync(params string[] folders)
    {
        var source = await TestBackbone.ModelAsync();
        string[] drawings = [.. folders.SelectMany(Drawings)];
        var (photosToCalibrate, photosToCheck) = await PhotosAsync();
        string[] drawingsToCheck = [.. Spread(drawings, 3 * ThirdsOfDrawingsToCheck).Where((_, i) => i % 3 != 0)];
        var drawingsToCalibrate = Spread([.. drawings.Except(drawingsToCheck)], DrawingsToCalibrate);
        float[][] toCheck = [.. drawingsToCheck.Select(drawing => Pixels(File.ReadAllBytes(drawing))), .. photosToCheck];

        var file = Path.Combine(Path.GetDirectoryName(source)!, "..", "artifacts", "bench", "inception_v3.int8.onnx");
        BackboneQuantizer.Quantize(source, drawingsToCalibrate.Select(drawing => Pixels(File.ReadAllBytes(drawing))).Concat(photosToCalibrate), file);
        var compared = BackboneComparison.Measure(source, file, toCheck, Batch, Threads);
        var differences = Accuracies(source, file, drawings);

        var cosines = compared.Cosines;
        Figure.Print(
        [
            new("engine_int8", compared.Speed, "x fp32", LimitSpeed, $"images a second, batch {Batch}, {Threads} threads, in turn"),
            new("int8_cosine_min", cosines.Min(), "", LimitCosine, $"of {cosines.Length} images not calibrated with; {cosines.Count(cosine => cosine < LimitCosine)} below the limit"),
            new("int8_cosine_mean", cosines.Average(), "", null, ""),
            new("int8_head_points", Math.Abs(differences.Average()), "points", LimitPoints, $"accuracy of heads on int8 - on fp32 vectors: {differences.Average():+0.00;-0.00}; {differences.Length} pairs on {drawings.Length:N0} drawings from {differences.Min():+0.00;-0.00} to {differences.Max():+0.00;-0.00}, standard error {Deviation(differences) / Math.Sqrt(differences.Length):F2}"),
        ]);
        return 0;
    }

    /// <summary>Points that a head trained on int8 vectors is better (worse: below 0), of pairs that differ in nothing else.</summary>
    private static double[] Accuracies(string source, string file, string[] drawings)
    {
        string[] labels = [.. drawings.Select(drawing => Path.GetFileName(Path.GetDirectoryName(drawing)!))];
        var (floats, bytes) = (Vectors(source, drawings), Vectors(file, drawings));
        var differences = new List<double>();
        for (var fold = 0; fold < Folds; fold++)
        {
            for (var seed = 1; seed <= Seeds; seed++)
            {
                var (reference, accuracy) = (Accuracy(floats, labels, fold, seed), Accuracy(bytes, labels, fold, seed));
                Console.WriteLine($"validation quarter {fold + 1}, seed {seed}: fp32 {reference:P2}, int8 {accuracy:P2}");
                differences.Add(100 * (accuracy - reference));
            }
        }

        return [.. differences];
    }

    private static double Accuracy(float[] vectors, string[] labels, int fold, int seed)
    {
        string[] names = [.. labels.Distinct().Order(StringComparer.Ordinal)];
        var rows = Enumerable.Range(0, labels.Length);
        using var data = new TrainingData(
            MemoryMatrix.Of(vectors, vectors.Length / labels.Length), names, [.. labels.Select(label => Array.IndexOf(names, label))],
            [.. rows.Where(row => row % Folds != fold)], [.. rows.Where(row => row % Folds == fold)]);
        using var trainer = new Trainer(data, RecipeRules.Complete(new Recipe { Epochs = 40, Seed = (ulong)seed }), Threads);
        foreach (var _ in trainer.Run(CancellationToken.None))
        {
        }

        return trainer.Evaluate()!.Accuracy;
    }

    private static float[] Vectors(string model, string[] drawings)
    {
        using var engine = new OnnxEngine(model, BackboneFile.Read(model), Threads);
        var vectors = new float[drawings.Length * engine.Dimensions];
        for (var first = 0; first < drawings.Length; first += Batch)
        {
            var count = Math.Min(Batch, drawings.Length - first);
            float[] batch = [.. drawings[first..(first + count)].SelectMany(drawing => Pixels(File.ReadAllBytes(drawing)))];
            engine.Run(batch, count, vectors.AsMemory(first * engine.Dimensions, count * engine.Dimensions));
        }

        return vectors;
    }

    private static string[] Drawings(string folder) => Directory.Exists(folder)
        ? [.. Directory.EnumerateFiles(folder, "*.png", SearchOption.AllDirectories).Order(StringComparer.Ordinal)]
        : throw new DirectoryNotFoundException($"{folder} holds no drawings: run demo-data/fetch");

    /// <summary>Cuts of five photographs, and cuts of the other four.</summary>
    private static async Task<(float[][] ToCalibrate, float[][] ToCheck)> PhotosAsync()
    {
        var photos = (await TestPhotos.AllAsync()).Count;
        var cuts = (await BenchImages.MakeAsync(2 * PhotosOfEachKind)).Select(Pixels).ToArray();
        return ([.. cuts.Where((_, i) => i % photos % 2 == 0)], [.. cuts.Where((_, i) => i % photos % 2 == 1)]);
    }

    private static float[] Pixels(byte[] image)
    {
        using var decoder = new ImageDecoder(
            Microsoft.Extensions.Options.Options.Create(new LimitOptions()), Microsoft.Extensions.Options.Options.Create(new DecodingOptions()));
        var pixels = new float[299 * 299 * 3];
        decoder.Decode(image, pixels, 299, 299);
        return pixels;
    }

    private static string[] Spread(string[] files, int count) => [.. Enumerable.Range(0, count).Select(i => files[i * files.Length / count])];

    private static double Deviation(double[] values) => Math.Sqrt(values.Sum(value => Math.Pow(value - values.Average(), 2)) / (values.Length - 1));
}
