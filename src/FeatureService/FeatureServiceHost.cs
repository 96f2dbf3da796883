using Topfive.ServiceDefaults;

namespace Topfive.FeatureService;

/// <summary>Builds the service as one web application; a process may host several.</summary>
public static class FeatureServiceHost
{
    /// <param name="args">The command line, as .NET's configuration reads it.</param>
    /// <param name="settings">Settings that go before every other source, e.g. <c>Listen:GrpcPort</c>.</param>
    public static WebApplication Build(string[] args, IEnumerable<KeyValuePair<string, string?>>? settings = null)
    {
        var builder = ServiceBuilder.Create("topfive-feature-service", args, settings, grpcPort: 8081, httpPort: 8091);
        // First: it loads while the store is connected.
        builder.Services.AddEngine();
        builder.Services.AddCaching();
        builder.Services.AddDecoding();
        builder.Services.AddBatching();
        builder.Services.AddSingleton<FeatureMetrics>();
        builder.Services.AddSingleton<FeatureExtractor>();
        builder.Services.AddStreaming();
        builder.Services.AddSingleton<ResponsePool>();
        builder.Services.AddSingleton<FeatureExtractionService>();
        var app = builder.Build();
        app.MapServiceDefaults();
        app.MapGrpcService<FeatureExtractionService>();
        return app;
    }

    /// <summary>
    /// Ends when the backbone of a started application is warmed up and verified; with an
    /// exception (<see cref="InvalidDataException"/> where the message says it all) when that failed and the application stops.
    /// </summary>
    public static Task ReadyAsync(WebApplication app) => app.Services.GetRequiredService<BackboneState>().Running;
}
