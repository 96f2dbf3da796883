using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>Who may call what: API keys, tokens, roles and limits. Without keys and tokens nothing of it is in a call's way.</summary>
internal static class AccessRoom
{
    public static IServiceCollection AddAccess(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddValidatedOptions<AccessOptions>(AccessOptions.Section);
        services.AddSingleton<IValidateOptions<AccessOptions>, AccessRules>();
        services.AddSingleton<ApiKeys>();
        services.AddSingleton<JwtCallers>();
        services.AddSingleton<CallLimits>();
        // ASP.NET asks the one scheme that there is about every request.
        if (!configuration.GetSection($"{AccessOptions.Section}:{nameof(AccessOptions.Jwt)}").Exists()) return services;

        services.AddAuthentication().AddJwtBearer();
        services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme).Configure<IOptions<AccessOptions>, ILoggerFactory>((bearer, access, loggers) =>
        {
            if (access.Value.Jwt is { } jwt) JwtCallers.Configure(bearer, jwt, loggers);
        });
        return services;
    }

    public static void UseAccess(this WebApplication app)
    {
        app.UseHttpApiGuard();
        if (app.Services.GetRequiredService<IOptions<AccessOptions>>().Value.IsOpen)
        {
            app.WarnOfStrangers("set Security__ApiKeys, Security__Jwt or Security__ClientCa");
        }
        else
        {
            app.UseMiddleware<AccessGate>();
        }
    }
}
