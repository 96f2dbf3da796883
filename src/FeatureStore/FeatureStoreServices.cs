using Microsoft.Extensions.DependencyInjection;

namespace Topfive.FeatureStore;

public static class FeatureStoreServices
{
    /// <summary>
    /// The store's connection, opened before any other hosted service starts and closed after all have stopped,
    /// and what is kept in it. Options: section <c>Store</c>.
    /// </summary>
    public static IServiceCollection AddFeatureStore(this IServiceCollection services)
    {
        services.AddOptions<StoreOptions>().BindConfiguration(StoreOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<StoreConnection>();
        services.AddHostedService(provider => provider.GetRequiredService<StoreConnection>());
        services.AddSingleton<VectorStore>();
        services.AddSingleton<ThumbnailStore>();
        services.AddSingleton<BackboneRegistry>();
        services.AddSingleton<DatasetStore>();
        services.AddSingleton<HeadStore>();
        services.AddSingleton<ShadowStore>();
        services.AddSingleton<RunStore>();
        services.AddSingleton<RunLeases>();
        return services;
    }
}
