using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Topfive.Client;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Topfive for dependency injection.</summary>
public static class TopfiveServiceCollectionExtensions
{
    /// <summary>
    /// Adds one <see cref="TopfiveClient"/> for the whole program, made when it is first asked for and disposed with the container. Wrong options stop the
    /// start of a host with what has to be changed.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="configure">Sets the options, e.g. <c>options => configuration.GetSection("Topfive").Bind(options)</c>; null: they are configured elsewhere, or as they are.</param>
    /// <returns><paramref name="services"/>.</returns>
    public static IServiceCollection AddTopfive(this IServiceCollection services, Action<TopfiveClientOptions>? configure = null)
    {
        var options = services.AddOptions<TopfiveClientOptions>();
        if (configure is not null) options.Configure(configure);
        options.ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TopfiveClientOptions>, OptionsRule>());
        services.TryAddSingleton(provider => new TopfiveClient(
            provider.GetRequiredService<IOptions<TopfiveClientOptions>>().Value, provider.GetService<ILoggerFactory>()));
        return services;
    }
}
