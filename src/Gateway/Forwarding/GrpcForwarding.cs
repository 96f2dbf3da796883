using System.Diagnostics;
using System.Net;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection;
using Grpc.Reflection.V1;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.Gateway.V1;
using Topfive.Inference.V2;
using Topfive.ServiceDefaults;
using Yarp.ReverseProxy.Forwarder;
using GatewayPrediction = Topfive.Gateway.V1.Prediction;
using ProtoService = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Topfive.Gateway;

/// <summary>
/// Forwards whole services, unread: one address is enough for every client, and a deadline, a cancellation, a status
/// and its details pass as they are.
/// </summary>
internal static class GrpcForwarding
{
    private static readonly ForwarderRequestConfig Request = new()
    {
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        // A watched run may be silent for as long as it waits in the queue; the caller's deadline is the limit.
        ActivityTimeout = TimeSpan.FromDays(1),
    };

    /// <summary>How gRPC says a deadline; who sends it has one of its own.</summary>
    private const string Deadline = "grpc-timeout";

    public static IServiceCollection AddGrpcForwarding(this IServiceCollection services)
    {
        services.AddHttpForwarder();
        ProtoService[] described =
        [
            GatewayPrediction.Descriptor, Ingestion.Descriptor,
            Datasets.Descriptor, Training.Descriptor, Heads.Descriptor, Classification.Descriptor, FeatureExtraction.Descriptor,
            GRPCInferenceService.Descriptor, Health.Descriptor, ServerReflection.Descriptor,
        ];
        services.Replace(ServiceDescriptor.Singleton(new ReflectionServiceImpl(described)));
        services.Replace(ServiceDescriptor.Singleton(new ReflectionV1ServiceImpl(described)));
        return services;
    }

    public static WebApplication MapGrpcForwarding(this WebApplication app)
    {
        var services = app.Services.GetRequiredService<IOptions<ServicesOptions>>().Value;
        var handler = app.Services.GetRequiredService<DownstreamTls>().Handler();
        handler.UseProxy = false;
        handler.AllowAutoRedirect = false;
        // Names are resolved again with every new connection: new replicas are found, gone ones forgotten.
        handler.PooledConnectionLifetime = TimeSpan.FromMinutes(1);
        handler.ActivityHeadersPropagator = new ReverseProxyPropagator(DistributedContextPropagator.Current);
        var client = new HttpMessageInvoker(handler);

        app.Forward(Datasets.Descriptor, services, "ClassifierService", client);
        app.Forward(Training.Descriptor, services, "ClassifierService", client);
        app.Forward(Heads.Descriptor, services, "ClassifierService", client);
        app.Forward(Classification.Descriptor, services, "ClassifierService", client);
        return app;
    }

    private static void Forward(this WebApplication app, ProtoService service, ServicesOptions services, string name, HttpMessageInvoker client)
    {
        var address = services.Classifier;
        var destinations = address.Replace("dns:///", services.Tls ? "https://" : "http://", StringComparison.Ordinal).Split(',');
        var forwarder = app.Services.GetRequiredService<IHttpForwarder>();
        var answeredInTime = Request with { ActivityTimeout = TimeSpan.FromSeconds(services.TimeoutSeconds) };
        foreach (var method in service.Methods.Where(method => !method.IsClientStreaming))
        {
            RequestDelegate forward = method.IsServerStreaming ? ForwardAsync : ForwardUnaryAsync;
            app.MapPost($"/{service.FullName}/{method.Name}", forward).WithMetadata(new OneMessageRequest());
        }

        // The streaming ones, and those of later versions.
        app.MapPost($"/{service.FullName}/{{method}}", ForwardAsync);

        Task ForwardAsync(HttpContext http) => SendAsync(http, Request);

        Task ForwardUnaryAsync(HttpContext http) => SendAsync(http, http.Request.Headers.ContainsKey(Deadline) ? Request : answeredInTime);

        async Task SendAsync(HttpContext http, ForwarderRequestConfig request)
        {
            // Who calls is worth a note behind the Gateway, too (Caller.peer); what earlier proxies said stays before it.
            if (http.Connection.RemoteIpAddress is { } caller) http.Request.Headers.Append("x-forwarded-for", $"{caller}");
            var first = Random.Shared.Next(destinations.Length);
            var error = ForwarderError.None;
            for (var tried = 0; tried < destinations.Length; tried++)
            {
                error = await forwarder.SendAsync(http, destinations[(first + tried) % destinations.Length], client, request, DownstreamTransformer.Instance);
                if (!WasNotSent(http, error)) break;
                http.Response.Clear();
            }

            if (error == ForwarderError.None || http.Response.HasStarted || http.RequestAborted.IsCancellationRequested) return;
            if (error == ForwarderError.RequestTimedOut)
            {
                await http.RefuseGrpcAsync(StatusCode.DeadlineExceeded,
                    $"{name} at {address} has not answered for {services.TimeoutSeconds} s (Services__TimeoutSeconds, which a call's own deadline replaces)");
            }
            else
            {
                await http.RefuseGrpcAsync(StatusCode.Unavailable,
                    $"{name} at {address} does not answer: check that it runs and that the Gateway's Services setting names it");
            }
        }
    }

    /// <summary>True: there was no connection, so that the next replica can be asked, whatever the call does.</summary>
    private static bool WasNotSent(HttpContext http, ForwarderError error) =>
        error == ForwarderError.Request && !http.Response.HasStarted
        && http.GetForwarderErrorFeature()?.Exception is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError };
}
