using Topfive.ServiceDefaults;

namespace Topfive.FeatureService;

internal static class BatchingServices
{
    public static IServiceCollection AddBatching(this IServiceCollection services)
    {
        services.AddValidatedOptions<BatchingOptions>(BatchingOptions.Section);
        return services.AddSingleton<ImageBatcher>();
    }
}
