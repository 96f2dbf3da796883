using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>Builds the service as one web application; a process may host several.</summary>
public static class ClassifierServiceHost
{
    /// <param name="args">The command line, as .NET's configuration reads it.</param>
    /// <param name="settings">Settings that go before every other source, e.g. <c>Listen:GrpcPort</c>.</param>
    public static WebApplication Build(string[] args, IEnumerable<KeyValuePair<string, string?>>? settings = null)
    {
        var builder = ServiceBuilder.Create("topfive-classifier-service", args, settings, grpcPort: 8082, httpPort: 8092);
        builder.Services.AddFeatureStore();
        builder.Services.AddDatasets();
        builder.Services.AddTraining();
        builder.Services.AddHeads();
        builder.Services.AddClassification();
        builder.Services.AddEvidence();
        builder.Services.AddSingleton<StoreHealth>();
        builder.Services.AddSingleton<ClassifierMetrics>();
        builder.Services.AddHealthChecks().AddCheck<StoreHealthCheck>("store");

        var app = builder.Build();
        app.MapServiceDefaults();
        app.MapGrpcService<DatasetsService>();
        app.MapGrpcService<TrainingService>();
        app.MapGrpcService<HeadsService>();
        app.MapGrpcService<ClassificationService>();
        return app;
    }
}
