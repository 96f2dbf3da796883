using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Topfive.Gateway.V1;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway.Tests;

/// <summary>A Gateway on free ports before fake downstreams.</summary>
internal sealed class RunningGateway : IAsyncDisposable
{
    private readonly List<WebApplication> _apps = [];

    public FakeDownstreams Fake { get; } = new();

    public WebApplication Downstream => _apps[0];

    public WebApplication Gateway => _apps[1];

    public GrpcChannel Channel { get; private set; } = null!;

    public Prediction.PredictionClient Predictions => new(Channel);

    public Ingestion.IngestionClient Ingestions => new(Channel);

    public static Task<RunningGateway> StartAsync(params (string Key, string Value)[] settings) => StartAsync([], settings);

    /// <param name="ofDownstreams">Settings of the fakes.</param>
    /// <param name="settings">Of the Gateway.</param>
    public static async Task<RunningGateway> StartAsync((string Key, string Value)[] ofDownstreams, (string Key, string Value)[] settings)
    {
        var running = new RunningGateway();
        running._apps.Add(await running.Fake.StartAsync(ofDownstreams));
        var address = $"dns:///{running.Downstream.GrpcAddress().Authority}";
        var all = FakeDownstreams.FreePorts;
        all["Services:Features"] = all["Services:Classifier"] = address.TrimEnd('/');
        foreach (var (key, value) in settings)
        {
            all[key] = value;
        }

        running._apps.Add(GatewayHost.Build([], all));
        await running.Gateway.StartAsync();
        running.Channel = GrpcChannel.ForAddress(running.Gateway.GrpcAddress(), new GrpcChannelOptions { MaxSendMessageSize = null });
        return running;
    }

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        foreach (var app in Enumerable.Reverse(_apps))
        {
            await app.DisposeAsync();
        }
    }
}
