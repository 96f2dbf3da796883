using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Topfive.Features.V1;
using Topfive.FeatureService.Tests;
using Topfive.ServiceDefaults;
using Topfive.TestKit;
using Xunit;

[assembly: AssemblyFixture(typeof(RunningService))]

namespace Topfive.FeatureService.Tests;

/// <summary>The real service in this process, on the real backbone, with an embedded store and ports of its own.</summary>
public sealed class RunningService : IAsyncLifetime
{
    private readonly TempDirectory _directory = new();
    private ServiceInstance? _instance;

    public FeatureExtraction.FeatureExtractionClient Client => Instance.Client;

    public ServiceInstance Instance => _instance!;

    public async ValueTask InitializeAsync() =>
        _instance = await ServiceInstance.StartAsync(new() { ["Store:DataDirectory"] = _directory.Path });

    public async ValueTask DisposeAsync()
    {
        await Instance.DisposeAsync();
        _directory.Dispose();
    }
}

public sealed class ServiceInstance : IAsyncDisposable
{
    private readonly GrpcChannel _channel;

    private ServiceInstance(WebApplication app)
    {
        App = app;
        _channel = GrpcChannel.ForAddress(app.GrpcAddress(), new GrpcChannelOptions { MaxReceiveMessageSize = null });
        Client = new FeatureExtraction.FeatureExtractionClient(_channel);
        Health = new Health.HealthClient(_channel);
    }

    public WebApplication App { get; }

    public FeatureExtraction.FeatureExtractionClient Client { get; }

    public Health.HealthClient Health { get; }

    /// <param name="settings">Beside the free ports and the model.</param>
    /// <param name="ready">False: do not wait for the backbone.</param>
    public static async Task<ServiceInstance> StartAsync(Dictionary<string, string?> settings, bool ready = true)
    {
        var app = FeatureServiceHost.Build([], await SettingsAsync(settings));
        await app.StartAsync();
        var instance = new ServiceInstance(app);
        if (ready)
        {
            await FeatureServiceHost.ReadyAsync(app);
        }

        return instance;
    }

    public static async Task<Dictionary<string, string?>> SettingsAsync(Dictionary<string, string?> settings)
    {
        var all = new Dictionary<string, string?>
        {
            ["Listen:GrpcPort"] = "0",
            ["Listen:HttpPort"] = "0",
            ["Logging:LogLevel:Default"] = "None",
        };
        if (!settings.ContainsKey("Backbone:Model"))
        {
            all["Backbone:Model"] = await TestBackbone.ModelAsync();
        }

        foreach (var (name, value) in settings)
        {
            all[name] = value;
        }

        return all;
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await App.StopAsync();
        await App.DisposeAsync();
    }

    /// <summary>The status of a call that must fail.</summary>
    public static async Task<Status> FailureOf<T>(AsyncUnaryCall<T> call) =>
        (await Assert.ThrowsAsync<RpcException>(async () => await call)).Status;
}
