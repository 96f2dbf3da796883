using System.Diagnostics;
using Topfive.Backbones;
using Topfive.ClassifierService;

namespace Topfive.Bench;

/// <summary>Microseconds and bytes a vector through a head of the reference shape (2048 → 256 → 120), on one thread.</summary>
internal static class ClassifyBench
{
    private const int Calls = 5_000;

    public static int Run()
    {
        var random = new Random(1);
        var head = new ServingHead("bench", 1, new DenseHead(
            [.. Enumerable.Range(0, 120).Select(label => $"label {label}")], new string('0', 64),
            [Layer(random, 2048, 256, DenseActivation.Relu), Layer(random, 256, 120, DenseActivation.Softmax)]));
        float[] vector = [.. Enumerable.Range(0, 2048).Select(_ => random.NextSingle())];

        for (var round = 0; round < 5; round++)
        {
            var (allocated, clock) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.StartNew());
            for (var call = 0; call < Calls; call++) head.Classify(vector, count: 5);
            Console.WriteLine(
                $"{clock.Elapsed.TotalMicroseconds / Calls:F1} us a vector, {(GC.GetAllocatedBytesForCurrentThread() - allocated) / Calls} bytes (the reply)");
        }

        return 0;
    }

    private static DenseLayer Layer(Random random, int inputs, int units, DenseActivation activation) => new(
        inputs, units, [.. Enumerable.Range(0, inputs * units).Select(_ => (random.NextSingle() - 0.5f) / 20)], new float[units], activation);
}
