using System.Diagnostics.Metrics;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Topfive.ServiceDefaults;

/// <summary>
/// Metrics at <c>/metrics</c> in Prometheus' text format; traces, metrics and log lines by OTLP where OpenTelemetry's standard variables
/// name a collector. docs/observability.md has every name.
/// </summary>
internal static class TelemetryServices
{
    private const string Kestrel = "Microsoft.AspNetCore.Server.Kestrel";

    /// <summary>Of the server's own instruments, those that say what ours do not; the rest costs every call something.</summary>
    private static readonly string[] FromKestrel = ["kestrel.active_connections", "kestrel.rejected_connections"];

    private static readonly string[] Collectors =
        ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"];

    public static void AddTelemetry(this WebApplicationBuilder builder, string service)
    {
        var configuration = builder.Configuration;
        builder.Services.AddSingleton<CallMetrics>();
        builder.Services.AddSingleton<HealthMetrics>();
        builder.Services.AddSingleton<IHealthCheckPublisher>(provider => provider.GetRequiredService<HealthMetrics>());
        builder.Services.Configure<HealthCheckPublisherOptions>(publishing =>
        {
            publishing.Delay = TimeSpan.FromSeconds(1);
            publishing.Period = TimeSpan.FromSeconds(5);
        });

        var hasCollector = Collectors.Any(variable => !string.IsNullOrEmpty(configuration[variable]));
        // What nobody can read is not recorded.
        if (configuration["Security:Metrics"] == "closed" && !hasCollector) return;
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(Named(configuration, service))
            .WithMetrics(metrics =>
            {
                metrics.AddMeter("Topfive.*", "System.Runtime", Kestrel);
                metrics.AddPrometheusExporter(prometheus => prometheus.ScopeInfoEnabled = false);
            });
        builder.Services.ConfigureOpenTelemetryMeterProvider((provider, metrics) => metrics.AddView(OnlyInstrumentsOf(provider)));
        if (!hasCollector) return;
        telemetry.UseOtlpExporter();
        // A listener hears every span of the process, too, and of spans nothing says whose they are: where a process hosts several
        // services, one of them exports the spans of all, under a name for all.
        if (configuration["Telemetry:TracesAs"] is not "" and var name)
        {
            telemetry.WithTracing(tracing => tracing
                .ConfigureResource(Named(configuration, name ?? service)).AddSource("Microsoft.AspNetCore", "Grpc.Net.Client", "System.Net.Http", "Topfive.*"));
        }
    }

    /// <summary>HTTP/1.1, for a scraper.</summary>
    public static void MapMetrics(this WebApplication app) => app.MapPrometheusScrapingEndpoint("/metrics");

    private static string Version =>
        typeof(TelemetryServices).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    private static Action<ResourceBuilder> Named(ConfigurationManager configuration, string service) => resource =>
        resource.AddService(configuration["OTEL_SERVICE_NAME"] ?? service, serviceNamespace: "topfive", serviceVersion: Version);

    /// <summary>A listener hears every meter of the process: where that hosts several services, each shows its own, and the runtime's.</summary>
    private static Func<Instrument, MetricStreamConfiguration?> OnlyInstrumentsOf(IServiceProvider provider)
    {
        var own = provider.GetRequiredService<IMeterFactory>();
        return instrument => IsOfAnother(instrument.Meter) || (instrument.Meter.Name == Kestrel && !FromKestrel.Contains(instrument.Name))
            ? MetricStreamConfiguration.Drop
            : null;

        bool IsOfAnother(Meter meter) => meter.Scope is IMeterFactory factory && factory != own;
    }
}
