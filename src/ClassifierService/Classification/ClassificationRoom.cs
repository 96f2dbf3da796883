using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

internal static class ClassificationRoom
{
    /// <summary>Vectors to labels, by heads in memory. Options: section <c>Serving</c>.</summary>
    public static IServiceCollection AddClassification(this IServiceCollection services)
    {
        services.AddValidatedOptions<ServingOptions>(ServingOptions.Section);
        services.AddSingleton<HeadCache>();
        services.AddHostedService<LiveHeadWatcher>();
        services.AddSingleton<VectorClassifier>();
        services.AddSingleton<HeadComparer>();
        services.AddSingleton<ClassificationService>();
        services.AddSingleton<ShadowScorer>();
        services.AddHostedService(provider => provider.GetRequiredService<ShadowScorer>());
        return services;
    }
}
