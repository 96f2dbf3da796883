using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Topfive.ServiceDefaults;

/// <summary>What every service has in common: where it listens and how it is protected, limits, errors, health, metrics and traces, reflection.</summary>
public static class ServiceBuilder
{
    /// <param name="service">Its name in metrics and traces, e.g. <c>topfive-gateway</c>.</param>
    /// <param name="args">The command line.</param>
    /// <param name="settings">Settings that go before every other source.</param>
    /// <param name="grpcPort">Default of <c>Listen:GrpcPort</c>.</param>
    /// <param name="httpPort">Default of <c>Listen:HttpPort</c>.</param>
    public static WebApplicationBuilder Create(
        string service, string[] args, IEnumerable<KeyValuePair<string, string?>>? settings, int grpcPort, int httpPort)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = Defaults(grpcPort, httpPort) });
        builder.Configuration.AddInMemoryCollection(settings);

        builder.Services.AddValidatedOptions<ListenOptions>(ListenOptions.Section);
        builder.Services.AddValidatedOptions<LimitOptions>(LimitOptions.Section);
        builder.Services.AddValidatedOptions<SecurityOptions>(SecurityOptions.Section);
        builder.Services.AddSingleton<IValidateOptions<SecurityOptions>, SecurityRules>();
        builder.Services.AddSingleton<ServerTls>();
        builder.Services.AddSingleton<Draining>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<Draining>());
        builder.Services.AddHealthChecks().AddCheck<Draining>("stopping");
        builder.Services.AddOptions<HostOptions>().Configure<IOptions<ListenOptions>>((host, listen) =>
            host.ShutdownTimeout = TimeSpan.FromSeconds(listen.Value.DrainSeconds) + Draining.TimeToFinish);

        builder.Services.AddSingleton<MessageMemory>();
        builder.Services.AddSingleton<ConnectionLimit>();
        builder.Services.AddOptions<KestrelServerOptions>().Configure<IOptions<ListenOptions>, IOptions<LimitOptions>, ServerTls, ConnectionLimit>((kestrel, options, limits, tls, connections) =>
        {
            var listen = options.Value;
            var address = IPAddress.Parse(listen.Address);
            kestrel.Listen(address, listen.GrpcPort, endpoint =>
            {
                endpoint.Protocols = HttpProtocols.Http2;
                // Before TLS: a handshake costs more than a connection.
                connections.Guard(endpoint);
                tls.ProtectGrpc(endpoint);
            });
            kestrel.Listen(address, listen.HttpPort, endpoint =>
            {
                endpoint.Protocols = HttpProtocols.Http1;
                tls.ProtectHttp(endpoint);
            });
            kestrel.AddServerHeader = false;
            kestrel.Limits.Http2.MaxStreamsPerConnection = limits.Value.MaxCallsPerConnection;
            // A caller whose machine is gone leaves no stream behind: it is asked after a minute of silence.
            kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromMinutes(1);
            // gRPC limits messages, not bodies: a bulk stream has no end, and may pause as long as its caller likes.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
        });

        // Registered, they are not made anew for every call.
        builder.Services.AddSingleton<FailureInterceptor>();
        builder.Services.AddGrpc(grpc => grpc.Interceptors.Add<FailureInterceptor>());
        builder.Services.AddOptions<Grpc.AspNetCore.Server.GrpcServiceOptions>()
            .Configure<IOptions<LimitOptions>>((grpc, limits) =>
            {
                grpc.MaxReceiveMessageSize = limits.Value.MaxMessageBytes;
                grpc.CompressionProviders = BoundedDecompression.All(limits.Value);
            });
        builder.Services.AddReadableMethods();
        builder.Services.AddSingleton<NamePolicy>();
        builder.Services.AddSingleton<StreamItems>();
        // Beside what is asked for without a name: whether the process answers, on which nothing else has an influence.
        builder.Services.AddGrpcHealthChecks(health => health.Services.Map("live", check => check.Name == "process"))
            .AddCheck("process", () => HealthCheckResult.Healthy("answers"));
        builder.Services.AddGrpcReflection();
        builder.AddTelemetry(service);
        builder.AddJsonLogs();
        return builder;
    }

    private static Dictionary<string, string?> Defaults(int grpcPort, int httpPort) => new()
    {
        ["Listen:GrpcPort"] = $"{grpcPort}",
        ["Listen:HttpPort"] = $"{httpPort}",
        // Several lines a request are noise in production; whoever wants them says so in Logging__LogLevel__….
        ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
        ["Logging:LogLevel:Grpc"] = "Warning",
        // Every look at what is not healthy, which is every few seconds; HealthMetrics logs what changes.
        ["Logging:LogLevel:Microsoft.Extensions.Diagnostics.HealthChecks"] = "None",
        // A resolver that is disposed in mid-query reports an error; a real one reaches the caller as UNAVAILABLE anyway.
        ["Logging:LogLevel:Grpc.Net.Client.Balancer.DnsResolver"] = "Critical",
        // Kestrel's body limit is off already (below), of which YARP knows nothing.
        ["Logging:LogLevel:Yarp"] = "Error",
    };

    /// <summary>Options from a configuration section; a wrong value stops the start with its name and range.</summary>
    public static OptionsBuilder<TOptions> AddValidatedOptions<TOptions>(this IServiceCollection services, string section)
        where TOptions : class =>
        services.AddOptions<TOptions>().BindConfiguration(section).ValidateDataAnnotations().ValidateOnStart();

    /// <summary>Maps health (gRPC and HTTP), and metrics and reflection where they are open.</summary>
    /// <param name="app">The service.</param>
    /// <param name="access">Who may call what, where the service knows that: asked before any of a call is read.</param>
    /// <param name="openOnHttp">Paths that the HTTP port has besides health and metrics, each with what lies below it.</param>
    public static WebApplication MapServiceDefaults(this WebApplication app, Action<WebApplication>? access = null, params IReadOnlyList<string> openOnHttp)
    {
        var security = app.Services.GetRequiredService<IOptions<SecurityOptions>>().Value;
        app.UseMiddleware<CallWatch>();
        app.UseHttpPortGuard(openOnHttp);
        if (access is null) app.WarnOfStrangers("set Security__ClientCa, and Security__ClientNames to the Gateway's");
        access?.Invoke(app);
        app.UseMessageSizeGuard();
        app.MapHealth();
        if (security.Metrics == "open") app.MapMetrics();
        if (security.Reflection == "open") app.MapGrpcReflectionService();
        return app;
    }

    /// <summary>The address of the gRPC port, once the application has started.</summary>
    public static Uri GrpcAddress(this WebApplication app) => new(app.Urls.ElementAt(0));

    /// <summary>The address of the HTTP/1.1 port, once the application has started.</summary>
    public static Uri HttpAddress(this WebApplication app) => new(app.Urls.ElementAt(1));
}
