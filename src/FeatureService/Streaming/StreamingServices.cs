using Topfive.ServiceDefaults;

namespace Topfive.FeatureService;

internal static class StreamingServices
{
    public static IServiceCollection AddStreaming(this IServiceCollection services)
    {
        services.AddValidatedOptions<StreamingOptions>(StreamingOptions.Section);
        return services.AddSingleton<ExtractionStream>();
    }
}
