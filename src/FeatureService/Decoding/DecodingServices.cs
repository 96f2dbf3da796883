using Topfive.ServiceDefaults;

namespace Topfive.FeatureService;

internal static class DecodingServices
{
    public static IServiceCollection AddDecoding(this IServiceCollection services)
    {
        services.AddValidatedOptions<DecodingOptions>(DecodingOptions.Section);
        return services.AddSingleton<ImageDecoder>();
    }
}
