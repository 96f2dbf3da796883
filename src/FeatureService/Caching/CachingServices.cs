using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.FeatureService;

internal static class CachingServices
{
    public static IServiceCollection AddCaching(this IServiceCollection services)
    {
        services.AddFeatureStore();
        services.AddSingleton<VectorCache>();
        services.AddSingleton<VectorIntake>();
        services.AddSingleton<Thumbnails>();
        services.AddSingleton<InFlight<Computation>>();
        services.AddSingleton<StoreHealth>();
        services.AddHealthChecks().AddCheck<StoreHealthCheck>("store");
        return services;
    }
}
