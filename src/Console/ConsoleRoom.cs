using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components.Server;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Topfive.ServiceDefaults;

namespace Topfive.Consoles;

/// <summary>The pages on the Gateway's HTTP port.</summary>
public static class ConsoleRoom
{
    /// <summary>What the console needs open on the HTTP port: its pages and files, and Blazor's script and connection.</summary>
    public static readonly string[] Paths = ["/", "/console", "/_framework", "/_blazor"];

    public static IServiceCollection AddConsole(this IServiceCollection services)
    {
        services.AddValidatedOptions<ConsoleOptions>(ConsoleOptions.Section);
        services.AddSingleton<InProcessTransport>();
        services.AddSingleton<IConnectionListenerFactory>(provider => provider.GetRequiredService<InProcessTransport>());
        services.AddSingleton<GatewayChannel>();
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<ConsoleOptions>, IOptions<SecurityOptions>>((kestrel, console, security) =>
        {
            if (IsServed(console.Value, security.Value)) kestrel.Listen(new InProcessEndPoint(), endpoint => endpoint.Protocols = HttpProtocols.Http2);
        });
        services.AddScoped<GatewaySession>();
        services.AddSingleton<RecentCalls>();
        services.AddRazorComponents().AddInteractiveServerComponents().AddHubOptions(hub => hub.MaximumReceiveMessageSize = 64 << 10);
        services.Configure<CircuitOptions>(circuits =>
        {
            circuits.DisconnectedCircuitMaxRetained = 20;
            circuits.DisconnectedCircuitRetentionPeriod = TimeSpan.FromMinutes(1);
            circuits.MaxBufferedUnacknowledgedRenderBatches = 20;
        });
        services.AddAntiforgery(antiforgery => antiforgery.Cookie.SameSite = SameSiteMode.Strict);
        // What a page keeps in the browser is for this process to read and for no later one; nothing is written to disk.
        services.AddDataProtection().UseEphemeralDataProtectionProvider();
        return services;
    }

    public static void MapConsole(this WebApplication app)
    {
        if (!app.HasConsole())
        {
            if (app.Services.GetRequiredService<IOptions<ConsoleOptions>>().Value.Enabled) app.Logger.LogInformation("There is no console: Security__ClientCa asks callers for certificates, and a browser shows none on the HTTP port");
            app.UseMiddleware<ClosedConsole>();
            return;
        }

        app.Services.GetRequiredService<RecentCalls>().Start();
        app.UseMiddleware<ConsoleGuard>();
        app.UseAntiforgery();
        app.MapGet("/", () => TypedResults.Redirect("/console"));
        app.MapEmbeddedAssets();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(options => options.ContentSecurityFrameAncestorsPolicy = "'none'");
    }

    public static bool HasConsole(this WebApplication app) =>
        IsServed(app.Services.GetRequiredService<IOptions<ConsoleOptions>>().Value, app.Services.GetRequiredService<IOptions<SecurityOptions>>().Value);

    private static bool IsServed(ConsoleOptions console, SecurityOptions security) => console.Enabled && security.ClientCa.Length == 0;
}
