using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Topfive.Bench;

/// <summary>What this machine can do at most, measured on so many threads at once; each of them the best of several tries.</summary>
/// <param name="Flops">Fused multiply-adds in registers, each counted as two operations, a second.</param>
/// <param name="Bandwidth">Bytes a second, read and written in place, over as much memory as the parameters and their moments take.</param>
/// <param name="Steps">Square roots with a division behind them, a second: what RMSprop asks for each parameter.</param>
internal sealed record Roofline(double Flops, double Bandwidth, double Steps)
{
    private const int Tries = 7;
    private const int Lanes = 16;

    /// <param name="threads">How many, each with its share of the memory.</param>
    /// <param name="bytes">Of parameters and moments.</param>
    public static Roofline Measure(int threads, long bytes)
    {
        var numbers = (int)(bytes / sizeof(float) / threads);
        return new Roofline(
            Best(threads, () => { MultiplyAdd(2_000_000); return 2_000_000.0 * 12 * Lanes * 2; }),
            Best(threads, () => { Stream(new float[numbers], passes: 40); return 40.0 * 2 * sizeof(float) * numbers; }),
            Best(threads, () => { Divide(new float[1024], passes: 4_000); return 4_000.0 * 1024; }));
    }

    /// <summary>Work a second of all threads together.</summary>
    private static double Best(int threads, Func<double> work) => Enumerable.Range(0, Tries).Max(_ =>
    {
        using var start = new Barrier(threads);
        var rates = new double[threads];
        var all = Enumerable.Range(0, threads).Select(thread => new Thread(() =>
        {
            start.SignalAndWait();
            var watch = Stopwatch.StartNew();
            var done = work();
            rates[thread] = done / watch.Elapsed.TotalSeconds;
        })).ToList();
        all.ForEach(thread => thread.Start());
        all.ForEach(thread => thread.Join());
        return rates.Sum();
    });

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float MultiplyAdd(int rounds)
    {
        var (x, y) = (Vector512.Create(0.999f), Vector512.Create(1e-3f));
        var (a, b, c, d, e, f) = (y, y, y, y, y, y);
        var (g, h, i, j, k, l) = (y, y, y, y, y, y);
        for (var round = 0; round < rounds; round++)
        {
            a = Vector512.FusedMultiplyAdd(a, x, y);
            b = Vector512.FusedMultiplyAdd(b, x, y);
            c = Vector512.FusedMultiplyAdd(c, x, y);
            d = Vector512.FusedMultiplyAdd(d, x, y);
            e = Vector512.FusedMultiplyAdd(e, x, y);
            f = Vector512.FusedMultiplyAdd(f, x, y);
            g = Vector512.FusedMultiplyAdd(g, x, y);
            h = Vector512.FusedMultiplyAdd(h, x, y);
            i = Vector512.FusedMultiplyAdd(i, x, y);
            j = Vector512.FusedMultiplyAdd(j, x, y);
            k = Vector512.FusedMultiplyAdd(k, x, y);
            l = Vector512.FusedMultiplyAdd(l, x, y);
        }

        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Stream(Span<float> numbers, int passes)
    {
        var scale = Vector512.Create(1.0001f);
        for (var pass = 0; pass < passes; pass++)
        {
            for (var i = 0; i + Lanes <= numbers.Length; i += Lanes)
            {
                (Vector512.LoadUnsafe(ref numbers[i]) * scale).StoreUnsafe(ref numbers[i]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Divide(Span<float> numbers, int passes)
    {
        numbers.Fill(2);
        for (var pass = 0; pass < passes; pass++)
        {
            for (var i = 0; i < numbers.Length; i += Lanes)
            {
                var number = Vector512.LoadUnsafe(ref numbers[i]);
                (number / Vector512.Sqrt(number)).StoreUnsafe(ref numbers[i]);
            }
        }
    }
}
