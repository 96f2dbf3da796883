using System.Diagnostics;
using Topfive.Backbones;
using Topfive.FeatureService;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>
/// Images a second of FeatureService's engine, beside ONNX Runtime in a bare loop with every setting that could be better:
/// one session on all cores or one a core, pixels as they are decoded or already as planes, the graph as it is or saved as the runtime optimises it.
/// </summary>
internal static class EngineBench
{
    private const int Batch = 8;
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(1);

    /// <param name="rounds">Of each setting, in turn.</param>
    public static async Task<int> RunAsync(int rounds)
    {
        var model = await TestBackbone.ModelAsync();
        var backbone = BackboneFile.Read(model);
        using var directory = new TempDirectory();
        var cores = Environment.ProcessorCount;
        var prepared = new PreparedGraph(model, directory.File("prepared"));
        prepared.Make();
        using var engine = new OnnxEngine(prepared.Graph, backbone, threads: 0);
        using var plain = new OnnxEngine(model, backbone, threads: 0);
        using BareLoop
            whole = new(model, backbone, Batch, sessions: 1, cores),
            split = new(model, backbone, Batch, sessions: cores, threads: 1),
            planes = new(BareLoop.OfPlanes(model, directory.File("planes.onnx")), backbone, Batch, sessions: 1, cores, readsPlanes: true),
            saved = new(BareLoop.Optimised(model, directory.File("saved.onnx")), backbone, Batch, sessions: 1, cores);
        (string Name, Action Run, int Images)[] candidates =
        [
            ("the engine", OwnRun(engine), Batch),
            ("the engine without a prepared graph", OwnRun(plain), Batch),
            ($"bare, 1 session of {cores} threads", whole.Run, Batch),
            ($"bare, {cores} sessions of 1 thread", split.Run, cores * Batch),
            ($"bare, 1 session of {cores} threads, channels first", planes.Run, Batch),
            ($"bare, 1 session of {cores} threads, graph saved optimised", saved.Run, Batch),
        ];

        var rates = new double[candidates.Length];
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < candidates.Length; i++) rates[i] = Math.Max(rates[i], BestRate(candidates[i].Run, candidates[i].Images));
        }

        foreach (var (candidate, rate) in candidates.Zip(rates)) Console.WriteLine($"{rate,8:F2} images/s  {candidate.Name}");
        Figure.Print(
        [
            new("engine_fp32", rates[0], "images/s", rates[2..].Max(), $"batches of {Batch}, the best of {rounds} turns; limit: the best bare loop; at least 0.97 is demanded"),
            new("engine_prepared", rates[0], "images/s", rates[1], "the same; limit: without a prepared graph"),
        ]);
        return 0;
    }

    /// <summary>Of the fastest run of a turn: neighbours on the machine can only add to it. The first does not count: threads of the one before still spin.</summary>
    private static double BestRate(Action run, int images)
    {
        run();
        var least = TimeSpan.MaxValue;
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < Turn;)
        {
            var start = Stopwatch.GetTimestamp();
            run();
            var took = Stopwatch.GetElapsedTime(start);
            if (took < least) least = took;
        }

        return images / least.TotalSeconds;
    }

    private static Action OwnRun(OnnxEngine engine)
    {
        var (pixels, vectors) = (BareLoop.Pixels(Batch * engine.PixelsLength), new float[Batch * engine.Dimensions]);
        engine.Run(pixels, Batch, vectors);
        return () => engine.Run(Batch, vectors);
    }
}
