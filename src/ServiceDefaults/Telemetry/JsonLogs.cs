using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;

namespace Topfive.ServiceDefaults;

/// <summary>
/// <c>Logging__Console__FormatterName=json</c>: a line of JSON a message, with the id of the call's trace. .NET's own setting; in a container,
/// where programs read the log, it is the default.
/// </summary>
internal static class JsonLogs
{
    public static void AddJsonLogs(this WebApplicationBuilder builder)
    {
        var configuration = builder.Configuration;
        if (configuration.GetValue("DOTNET_RUNNING_IN_CONTAINER", false)) Default("Logging:Console:FormatterName", "json");
        if (configuration["Logging:Console:FormatterName"] != "json") return;
        Default("Logging:Console:FormatterOptions:IncludeScopes", "true");
        Default("Logging:Console:FormatterOptions:UseUtcTimestamp", "true");
        Default("Logging:Console:FormatterOptions:TimestampFormat", "O");

        void Default(string name, string value) =>
            configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = [new(name, value)] });
    }
}
