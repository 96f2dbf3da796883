namespace Topfive.ClassifierService;

internal static class DatasetsRoom
{
    /// <summary>Which images have which label.</summary>
    public static IServiceCollection AddDatasets(this IServiceCollection services) => services.AddSingleton<ExampleAdder>();
}
