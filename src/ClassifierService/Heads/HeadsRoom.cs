using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

internal static class HeadsRoom
{
    /// <summary>Versions of heads: publish, promote, import, export. Options: section <c>Heads</c>.</summary>
    public static IServiceCollection AddHeads(this IServiceCollection services)
    {
        services.AddValidatedOptions<HeadOptions>(HeadOptions.Section);
        services.AddSingleton<PromotionGate>();
        services.AddSingleton<HeadPublisher>();
        services.AddSingleton<HeadImporter>();
        services.AddSingleton<ShadowSetter>();
        return services;
    }
}
