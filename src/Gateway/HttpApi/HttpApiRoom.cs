using Grpc.AspNetCore.Server;
using Grpc.Net.Client;
using Microsoft.Extensions.Options;
using Scalar.AspNetCore;
using Topfive.Classifier.V1;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>
/// HTTP/JSON on the HTTP port: every unary RPC by the google.api.http rule in its proto, images by form or body, a run's epochs as
/// server-sent events, and what of it there is as an OpenAPI document with a page to try it.
/// </summary>
internal static class HttpApiRoom
{
    /// <summary>Everything that <see cref="AccessGate"/> looks after.</summary>
    public const string Prefix = "/v1";

    public const string DocumentPath = "/openapi/v1.json";

    public const string PagePath = "/scalar";

    /// <summary>What the HTTP port has besides health and metrics.</summary>
    public static readonly string[] OpenPrefixes = [Prefix, "/openapi", PagePath];

    public static IServiceCollection AddHttpApi(this IServiceCollection services)
    {
        services.AddGrpc().AddJsonTranscoding(json =>
        {
            // As protobuf's own JSON: 64-bit numbers are strings, bytes base64.
            json.JsonSettings.WriteInt64sAsStrings = true;
            json.TypeRegistry = JsonAnswers.Types;
        });
        services.AddReadableMethods();
        services.AddSingleton(provider => new JsonForwarding(
            provider.GetRequiredKeyedService<GrpcChannel>(DownstreamRegistration.ClassifierOnce).CreateCallInvoker(),
            provider.GetRequiredService<IOptions<ServicesOptions>>()));
        services.Forward<JsonDatasets>().Forward<JsonTraining>().Forward<JsonHeads>().Forward<JsonClassification>();
        services.AddSingleton(provider => new Training.TrainingClient(provider.GetRequiredKeyedService<GrpcChannel>(DownstreamRegistration.Classifier)));
        services.AddSingleton<PredictEndpoint>();
        services.AddSingleton<RunEventsEndpoint>();
        return services;
    }

    public static void MapHttpApi(this WebApplication app)
    {
        app.MapJson<JsonDatasets>();
        app.MapJson<JsonTraining>();
        app.MapJson<JsonHeads>();
        app.MapJson<JsonClassification>();
        var (predict, events) = (app.Services.GetRequiredService<PredictEndpoint>(), app.Services.GetRequiredService<RunEventsEndpoint>());
        if (app.Services.GetRequiredService<IOptions<SecurityOptions>>().Value.Reflection == "open") app.MapDocument();
        app.MapPost("/v1/predict/{head}", predict.AnswerAsync).WithMetadata(new RpcRoute(PredictEndpoint.Method));
        app.MapGet("/v1/runs/{run_id}/events", events.AnswerAsync).WithMetadata(new RpcRoute(RunEventsEndpoint.Method));
    }

    /// <summary>The document and its page: they tell what reflection tells, and are closed with it.</summary>
    private static void MapDocument(this WebApplication app)
    {
        var document = OpenApiDocument.Write();
        app.MapGet(DocumentPath, () => Results.Text(document, "application/json"));
        app.MapScalarApiReference(PagePath, page => page.WithTitle("Topfive").WithOpenApiRoutePattern(DocumentPath).DisableDefaultFonts().DisableAgent().DisableMcp().DisableTelemetry());
    }

    private static IServiceCollection Forward<TService>(this IServiceCollection services)
        where TService : class =>
        services.Configure<GrpcServiceOptions<TService>>(options =>
        {
            options.Interceptors.Add<JsonForwarding>();
            // What gRPC does not know here is known behind: it, too, is forwarded unread.
            options.IgnoreUnknownServices = true;
        }).AddSingleton<TService>();

    /// <summary>gRPC's own endpoints of it come after those that forward the service unread, and so are never reached.</summary>
    private static void MapJson<TService>(this WebApplication app)
        where TService : class =>
        app.MapGrpcService<TService>().Add(endpoint => ((RouteEndpointBuilder)endpoint).Order = 1);
}
