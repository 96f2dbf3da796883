namespace Topfive.FeatureService;

internal static class DecodingServices
{
    public static IServiceCollection AddDecoding(this IServiceCollection services) => services.AddSingleton<ImageDecoder>();
}
