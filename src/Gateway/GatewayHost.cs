using Topfive.Consoles;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>Builds the service as one web application; a process may host several.</summary>
public static class GatewayHost
{
    /// <param name="args">The command line, as .NET's configuration reads it.</param>
    /// <param name="settings">Settings that go before every other source, e.g. <c>Listen:GrpcPort</c>.</param>
    public static WebApplication Build(string[] args, IEnumerable<KeyValuePair<string, string?>>? settings = null)
    {
        var builder = ServiceBuilder.Create("topfive-gateway", args, settings, grpcPort: 8080, httpPort: 8090);
        builder.Services.AddAccess(builder.Configuration);
        builder.Services.AddDownstreams();
        builder.Services.AddGrpcForwarding();
        builder.Services.AddConsole();
        builder.Services.AddSingleton<PredictionMetrics>();
        builder.Services.AddSingleton<Predictor>();
        builder.Services.AddSingleton<ImageExtractor>();
        builder.Services.AddSingleton<PredictionService>();
        builder.Services.AddSingleton<ExtractionService>();
        builder.Services.AddOpenInference();
        builder.Services.AddHttpApi();

        var app = builder.Build();
        app.MapServiceDefaults(AccessRoom.UseAccess, [.. HttpApiRoom.OpenPrefixes, .. ConsoleRoom.Paths]);
        app.MapGrpcService<PredictionService>();
        app.MapGrpcService<IngestionService>();
        app.MapGrpcService<ExtractionService>();
        app.MapGrpcService<InferenceService>();
        app.MapGrpcForwarding();
        app.MapHttpApi();
        app.MapConsole();
        return app;
    }
}
