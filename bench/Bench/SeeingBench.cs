using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>
/// What being seen costs a hit: processor time of FeatureService a call, with nobody looking (metrics closed, no collector), with metrics, and
/// with a span tree of every call, or of every hundredth, sent to a collector. Four processes, asked in turn.
/// </summary>
internal sealed class SeeingBench(TimeSpan round)
{
    private const int Rounds = 5;

    public static async Task<int> RunAsync(double secondsARound)
    {
        if (!H2Load.IsThere) throw new InvalidOperationException("no h2load on the PATH (Debian: nghttp2-client)");
        using var directory = new TempDirectory();
        await using var store = await EmbeddedStore.StartAsync(directory.Path);
        await using var sink = await SinkAsync();
        await new SeeingBench(TimeSpan.FromSeconds(Math.Ceiling(secondsARound))).MeasureAsync(store.ConnectionString, sink.Urls.Single());
        return 0;
    }

    private async Task MeasureAsync(string store, string collector)
    {
        var model = await TestBackbone.ModelAsync();
        Dictionary<string, string?> traces = new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector, ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf" };
        await using var unseen = await BenchProcess.FeatureServiceAsync(model, store, new Dictionary<string, string?> { ["Security__Metrics"] = "closed" });
        await using var metrics = await BenchProcess.FeatureServiceAsync(model, store);
        await using var sampled = await BenchProcess.FeatureServiceAsync(
            model, store, new Dictionary<string, string?>(traces) { ["OTEL_TRACES_SAMPLER"] = "parentbased_traceidratio", ["OTEL_TRACES_SAMPLER_ARG"] = "0.01" });
        await using var traced = await BenchProcess.FeatureServiceAsync(model, store, traces);
        BenchProcess[] services = [unseen, metrics, sampled, traced];

        var image = (await BenchImages.MakeAsync(1))[0];
        await unseen.Client.ExtractAsync(new ExtractRequest { Image = UnsafeByteOperations.UnsafeWrap(image) });
        var hit = new ExtractRequest { ImageHash = ByteString.CopyFrom(ImageHash.Of(image).ToByteArray()) };
        var times = services.Select(_ => new List<double>()).ToArray();
        for (var i = 0; i <= Rounds; i++)
        {
            foreach (var (service, measured) in services.Zip(times))
            {
                var before = service.ProcessorTime;
                var rate = await H2Load.RateAsync(service.Address, "/topfive.features.v1.FeatureExtraction/Extract", hit, round);
                // The first round is for warming up.
                if (i > 0) measured.Add((service.ProcessorTime - before).TotalMicroseconds / (rate * round.TotalSeconds));
            }
        }

        var medians = times.Select(measured => measured.Order().ElementAt(Rounds / 2)).ToArray();
        Figure.Print(
        [
            new("hit_cpu", medians[0], "us", null, "processor time of an Extract by hash that nobody looks at"),
            new("hit_cpu_metrics", medians[1], "us", medians[0], "the same with metrics; limit: without"),
            new("hit_cpu_sampled", medians[2], "us", medians[0], "with metrics, and one call in a hundred traced"),
            new("hit_cpu_traced", medians[3], "us", medians[0], "with metrics, and every call traced"),
        ]);
    }

    private static async Task<WebApplication> SinkAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var sink = builder.Build();
        sink.Run(http => http.Request.Body.CopyToAsync(Stream.Null));
        await sink.StartAsync();
        return sink;
    }
}
