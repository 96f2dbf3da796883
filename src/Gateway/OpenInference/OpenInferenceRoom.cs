namespace Topfive.Gateway;

/// <summary>The Open Inference Protocol.</summary>
internal static class OpenInferenceRoom
{
    public static IServiceCollection AddOpenInference(this IServiceCollection services) =>
        services.AddSingleton<ModelRepository>().AddSingleton<InferenceService>();
}
