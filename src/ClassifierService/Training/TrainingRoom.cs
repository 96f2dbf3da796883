using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

internal static class TrainingRoom
{
    /// <summary>Datasets to heads, a run after the other. Options: section <c>Training</c>.</summary>
    public static IServiceCollection AddTraining(this IServiceCollection services)
    {
        services.AddValidatedOptions<TrainingOptions>(TrainingOptions.Section);
        services.AddSingleton<RunStarter>();
        services.AddSingleton<WarmStarts>();
        services.AddSingleton<RunQueue>();
        services.AddSingleton<RunExecutor>();
        services.AddSingleton<RunJournal>();
        services.AddSingleton<RunWatcher>();
        services.AddSingleton<RunCanceller>();
        services.AddSingleton<TrainingDataLoader>();
        services.AddSingleton<OutlierLoader>();
        services.AddHostedService<RunWorker>();
        services.AddHostedService<RunKeeper>();
        return services;
    }
}
