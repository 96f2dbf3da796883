using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Grpc.Net.Client.Balancer;
using Grpc.Net.Client.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>One channel to each downstream, the clients that use it, and its health.</summary>
internal static class DownstreamRegistration
{
    public const string Features = "features";
    public const string Classifier = "classifier";

    /// <summary>For calls of which nobody here knows whether they may come twice.</summary>
    public const string ClassifierOnce = "classifier-once";

    /// <summary>How often a name is resolved again while all is well; when a replica goes away, that happens at once.</summary>
    private static readonly TimeSpan NewReplicasAreFound = TimeSpan.FromSeconds(10);

    public static IServiceCollection AddDownstreams(this IServiceCollection services)
    {
        services.AddValidatedOptions<ServicesOptions>(ServicesOptions.Section);
        services.AddSingleton<DownstreamTls>();
        services.AddSingleton<LoadBalancerFactory, RendezvousBalancerFactory>();
        services.AddSingleton<ResolverFactory>(new DnsResolverFactory(NewReplicasAreFound));
        services.AddSingleton<ResolverFactory>(provider => new StaticResolverFactory(target => Listed(Uri.UnescapeDataString(target.AbsolutePath.TrimStart('/')))));
        services.AddKeyedSingleton(Features, (provider, _) => Connect(provider, options => options.Features));
        services.AddKeyedSingleton(Classifier, (provider, _) => Connect(provider, options => options.Classifier));
        services.AddKeyedSingleton(ClassifierOnce, (provider, _) => Connect(provider, options => options.Classifier, retry: false));
        services.AddSingleton(provider => new FeatureExtraction.FeatureExtractionClient(provider.GetRequiredKeyedService<GrpcChannel>(Features)));
        services.AddSingleton(provider => new Classification.ClassificationClient(provider.GetRequiredKeyedService<GrpcChannel>(Classifier)));
        services.AddSingleton(provider => new Datasets.DatasetsClient(provider.GetRequiredKeyedService<GrpcChannel>(Classifier)));
        services.AddSingleton(provider => new Heads.HeadsClient(provider.GetRequiredKeyedService<GrpcChannel>(Classifier)));
        services.AddHealthChecks()
            .Add(HealthOf(Features, "FeatureService", options => options.Features, HealthStatus.Degraded, "images that are not known already cannot be computed"))
            .Add(HealthOf(Classifier, "ClassifierService", options => options.Classifier, HealthStatus.Unhealthy, "nothing can be predicted"));
        return services;
    }

    private static GrpcChannel Connect(IServiceProvider provider, Func<ServicesOptions, string> address, bool retry = true) =>
        GrpcChannel.ForAddress(TargetOf(address(OptionsOf(provider))), new GrpcChannelOptions
        {
            Credentials = OptionsOf(provider).Tls ? ChannelCredentials.SecureSsl : ChannelCredentials.Insecure,
            ServiceProvider = provider,
            HttpHandler = new SilentConnectionHandler(provider.GetRequiredService<DownstreamTls>().Handler()),
            DisposeHttpClient = true,
            // A replica that comes back takes its share again this soon.
            InitialReconnectBackoff = TimeSpan.FromMilliseconds(200),
            MaxReconnectBackoff = TimeSpan.FromSeconds(2),
            MaxReceiveMessageSize = null,
            MaxRetryBufferPerCallSize = provider.GetRequiredService<IOptions<LimitOptions>>().Value.MaxMessageBytes,
            MaxRetryBufferSize = 256 << 20,
            ServiceConfig = ServiceConfigOf(retry),
        });

    private static ServiceConfig ServiceConfigOf(bool retry)
    {
        var config = new ServiceConfig { LoadBalancingConfigs = { new LoadBalancingConfig(RendezvousBalancerFactory.PolicyName) } };
        if (retry) config.MethodConfigs.Add(RetryWhenUnavailable);
        return config;
    }

    // Extracting and classifying twice gives the same answer, and adding an example twice leaves it there once.
    private static MethodConfig RetryWhenUnavailable => new()
    {
        Names = { MethodName.Default },
        RetryPolicy = new RetryPolicy
        {
            MaxAttempts = 4,
            InitialBackoff = TimeSpan.FromMilliseconds(50),
            MaxBackoff = TimeSpan.FromMilliseconds(500),
            BackoffMultiplier = 2,
            RetryableStatusCodes = { StatusCode.Unavailable },
        },
    };

    private static HealthCheckRegistration HealthOf(string name, string service, Func<ServicesOptions, string> address, HealthStatus missing, string loss) =>
        new(name, provider => new DownstreamHealthCheck(
                new Health.HealthClient(provider.GetRequiredKeyedService<GrpcChannel>(name)), service,
                address(OptionsOf(provider)), loss),
            missing, tags: null);

    private static ServicesOptions OptionsOf(IServiceProvider provider) => provider.GetRequiredService<IOptions<ServicesOptions>>().Value;

    /// <summary>gRPC's name for addresses that are listed is static:///.</summary>
    private static string TargetOf(string address) => address.Contains(',') ? $"static:///{Uri.EscapeDataString(address)}" : address;

    private static BalancerAddress[] Listed(string addresses) =>
        [.. addresses.Split(',').Select(address => new Uri(address)).Select(address => new BalancerAddress(address.IdnHost, address.Port))];
}
