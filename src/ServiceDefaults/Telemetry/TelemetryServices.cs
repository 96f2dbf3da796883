using System.Diagnostics.Metrics;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Topfive.ServiceDefaults;

/// <summary>Metrics at <c>/metrics</c> in Prometheus' text format, and by OTLP where the standard variables name a collector.</summary>
internal static class TelemetryServices
{
    private const string Kestrel = "Microsoft.AspNetCore.Server.Kestrel";

    /// <summary>Of the server's own instruments, those that say what ours do not; the rest costs every call something.</summary>
    private static readonly string[] FromKestrel = ["kestrel.active_connections", "kestrel.rejected_connections"];

    public static void AddTelemetry(this WebApplicationBuilder builder, string service)
    {
        builder.Services.AddSingleton<CallMetrics>();
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(
                builder.Configuration["OTEL_SERVICE_NAME"] ?? service, serviceNamespace: "topfive", serviceVersion: Version))
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(["Topfive.*", "System.Runtime", Kestrel]);
                metrics.AddPrometheusExporter(prometheus => prometheus.ScopeInfoEnabled = false);
            });
        builder.Services.ConfigureOpenTelemetryMeterProvider((provider, metrics) => metrics.AddView(OnlyInstrumentsOf(provider)));
    }

    /// <summary>HTTP/1.1, for a scraper.</summary>
    public static void MapMetrics(this WebApplication app) => app.MapPrometheusScrapingEndpoint("/metrics");

    private static string Version =>
        typeof(TelemetryServices).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

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
