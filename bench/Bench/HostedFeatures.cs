using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Topfive.Features.V1;
using Topfive.FeatureService;
using Topfive.ServiceDefaults;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>FeatureService in this process, with an embedded store: a published benchmark takes it along to any machine.</summary>
internal sealed class HostedFeatures : IAsyncDisposable
{
    private readonly TempDirectory _directory;
    private readonly WebApplication _app;
    private readonly GrpcChannel _channel;

    private HostedFeatures(TempDirectory directory, WebApplication app)
    {
        (_directory, _app) = (directory, app);
        _channel = GrpcChannel.ForAddress(app.GrpcAddress());
    }

    public FeatureExtraction.FeatureExtractionClient Client => new(_channel);

    /// <param name="model">The backbone's file.</param>
    /// <param name="settings">As environment variables have them, besides.</param>
    public static async Task<HostedFeatures> StartAsync(string model, params (string Name, string Value)[] settings)
    {
        var directory = new TempDirectory();
        Dictionary<string, string?> all = new()
        {
            ["Listen:GrpcPort"] = "0",
            ["Listen:HttpPort"] = "0",
            ["Backbone:Model"] = model,
            ["Store:DataDirectory"] = directory.Path,
            // As with Redis, which an installation with GPUs has: a picture costs a core 3 ms.
            ["Store:Thumbnails"] = "off",
            ["Logging:LogLevel:Default"] = "Warning",
        };
        foreach (var (name, value) in settings) all[name.Replace("__", ":", StringComparison.Ordinal)] = value;
        var app = FeatureServiceHost.Build([], all);
        await app.StartAsync();
        await FeatureServiceHost.ReadyAsync(app);
        return new HostedFeatures(directory, app);
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _directory.Dispose();
    }
}
