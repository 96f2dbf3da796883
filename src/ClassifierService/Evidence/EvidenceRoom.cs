using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

internal static class EvidenceRoom
{
    /// <summary>The training examples nearest to a vector. Options: section <c>Evidence</c>.</summary>
    public static IServiceCollection AddEvidence(this IServiceCollection services)
    {
        services.AddValidatedOptions<EvidenceOptions>(EvidenceOptions.Section);
        services.AddSingleton<ExampleLoader>();
        services.AddSingleton<ExampleIndexes>();
        services.AddSingleton<NearestExamples>();
        return services;
    }
}
