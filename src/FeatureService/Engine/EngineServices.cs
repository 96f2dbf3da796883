using Topfive.ServiceDefaults;

namespace Topfive.FeatureService;

internal static class EngineServices
{
    public static IServiceCollection AddEngine(this IServiceCollection services)
    {
        services.AddValidatedOptions<BackboneOptions>(BackboneOptions.Section);
        services.AddSingleton<BackboneState>();
        services.AddHostedService<BackboneStart>();
        services.AddHealthChecks().AddCheck<BackboneHealth>("backbone");
        return services;
    }
}
