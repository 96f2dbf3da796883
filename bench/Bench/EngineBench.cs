using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using Topfive.Backbones;
using Topfive.FeatureService;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>
/// Images a second of FeatureService's engine, beside ONNX Runtime in a bare loop with every setting that could be better:
/// one session on all cores or one a core, the graph as it is or saved as the runtime optimises it.
/// </summary>
internal static class EngineBench
{
    private const int Batch = 8;

    /// <param name="rounds">Of each setting, in turn.</param>
    public static async Task<int> RunAsync(int rounds)
    {
        var model = await TestBackbone.ModelAsync();
        var backbone = BackboneFile.Read(model);
        using var directory = new TempDirectory();
        var saved = Path.Combine(directory.Path, "saved.onnx");
        var cores = Environment.ProcessorCount;
        using var engine = new OnnxEngine(model, backbone, threads: 0);
        using BareLoop whole = new(model, backbone, sessions: 1, cores), split = new(model, backbone, cores, threads: 1);
        using var savedWhole = new BareLoop(BareLoop.Save(model, saved), backbone, sessions: 1, cores);
        (string Name, Action Run, int Images)[] candidates =
        [
            ("the engine", OwnRun(engine), Batch),
            ($"bare, 1 session of {cores} threads", whole.Run, Batch),
            ($"bare, {cores} sessions of 1 thread", split.Run, cores * Batch),
            ($"bare, 1 session of {cores} threads, graph saved optimised", savedWhole.Run, Batch),
        ];

        var rates = new List<double>[candidates.Length];
        for (var i = 0; i < rates.Length; i++) rates[i] = [];
        foreach (var (_, run, _) in candidates) run();
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < candidates.Length; i++) rates[i].Add(Rate(candidates[i].Run, candidates[i].Images));
        }

        double[] medians = [.. rates.Select(rate => rate.Order().ElementAt(rounds / 2))];
        foreach (var (candidate, median) in candidates.Zip(medians)) Console.WriteLine($"{median,8:F2} images/s  {candidate.Name}");
        Figure.Print([new("engine_fp32", medians[0], "images/s", medians[1..].Max(), $"batches of {Batch}; limit: the best bare loop; at least 0.97 is demanded")]);
        return 0;
    }

    private static double Rate(Action run, int images)
    {
        var began = Stopwatch.GetTimestamp();
        var runs = 0;
        for (; Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(1.5); runs++) run();
        return runs * images / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static Action OwnRun(OnnxEngine engine)
    {
        var (pixels, vectors) = (new float[Batch * engine.PixelsLength], new float[Batch * engine.Dimensions]);
        new Random(1).NextFloats(pixels);
        engine.Run(pixels, Batch, vectors);
        return () => engine.Run(Batch, vectors);
    }

    private static void NextFloats(this Random random, Span<float> pixels)
    {
        foreach (ref var pixel in pixels) pixel = 255 * random.NextSingle();
    }

    /// <summary>Nothing but the runtime: the same batch again and again, in every session at once.</summary>
    private sealed class BareLoop : IDisposable
    {
        private readonly (InferenceSession Session, OrtValue Input, OrtValue Output)[] _sessions;

        public BareLoop(string model, BackboneFile backbone, int sessions, int threads)
        {
            using var options = new SessionOptions { IntraOpNumThreads = threads, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
            _sessions = [.. Enumerable.Range(0, sessions).Select(_ => Open(model, backbone, options))];
        }

        public static string Save(string model, string saved)
        {
            using var options = new SessionOptions { OptimizedModelFilePath = saved, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
            new InferenceSession(model, options).Dispose();
            return saved;
        }

        public void Run()
        {
            if (_sessions.Length == 1) Run(_sessions[0]);
            else Parallel.ForEach(_sessions, Run);
        }

        public void Dispose()
        {
            foreach (var (session, input, output) in _sessions)
            {
                input.Dispose();
                output.Dispose();
                session.Dispose();
            }
        }

        private static (InferenceSession Session, OrtValue Input, OrtValue Output) Open(string model, BackboneFile backbone, SessionOptions options)
        {
            var pixels = new float[Batch * backbone.InputHeight * backbone.InputWidth * 3];
            new Random(1).NextFloats(pixels);
            return (
                new InferenceSession(model, options),
                OrtValue.CreateTensorValueFromMemory(pixels, [Batch, backbone.InputHeight, backbone.InputWidth, 3]),
                OrtValue.CreateTensorValueFromMemory(new float[Batch * backbone.Dimensions], [Batch, backbone.Dimensions]));
        }

        private static void Run((InferenceSession Session, OrtValue Input, OrtValue Output) bare)
        {
            using var options = new RunOptions();
            bare.Session.Run(options, ["pixels"], [bare.Input], ["vector"], [bare.Output]);
        }
    }
}
