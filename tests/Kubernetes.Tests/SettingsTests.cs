using System.Reflection;
using k8s.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Topfive.ClassifierService;
using Topfive.FeatureService;
using Topfive.FeatureStore;
using Topfive.Gateway;
using Topfive.ServiceDefaults;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Kubernetes.Tests;

/// <summary>The manifests held against the services themselves: settings, ports, health, and how long an end takes.</summary>
public sealed class SettingsTests : IDisposable
{
    /// <summary>Others' than the product's, which no options class has.</summary>
    private static readonly string[] OfTheRuntime = ["OTEL_", "DOTNET_", "Logging__"];

    private static readonly Dictionary<string, (Func<string[], IEnumerable<KeyValuePair<string, string?>>, WebApplication> Build, Assembly[] Options)> Hosts = new()
    {
        ["gateway"] = (GatewayHost.Build, [typeof(GatewayHost).Assembly, typeof(ServiceBuilder).Assembly]),
        ["features"] = (FeatureServiceHost.Build, [typeof(FeatureServiceHost).Assembly, typeof(ServiceBuilder).Assembly, typeof(StoreOptions).Assembly]),
        ["classifier"] = (ClassifierServiceHost.Build, [typeof(ClassifierServiceHost).Assembly, typeof(ServiceBuilder).Assembly, typeof(StoreOptions).Assembly]),
    };

    public static readonly TheoryData<string> Deployments = [.. Manifests.Deployments];

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory, MemberData(nameof(Deployments))]
    public async Task Every_variable_is_a_setting_of_its_service(string name)
    {
        var manifests = await Manifests.RenderAsync(name);
        foreach (var service in manifests.Services)
        {
            var known = SettingsOf(Hosts[service.Name].Options).ToHashSet();
            // What only another one names, by $(…), is that one's.
            var parts = (service.Main.Env ?? []).SelectMany(it => System.Text.RegularExpressions.Regex.Matches(it.Value ?? "", @"\$\((\w+)\)")).Select(it => it.Groups[1].Value);
            var unknown = service.Environment(manifests).Keys.Except(known).Except(parts).Where(it => !OfTheRuntime.Any(it.StartsWith));
            Assert.Empty(unknown);
        }
    }

    [Theory, MemberData(nameof(Deployments))]
    public async Task A_service_takes_the_settings_that_it_is_given(string name)
    {
        var manifests = await Manifests.RenderAsync(name);
        foreach (var service in manifests.Services)
        {
            await using var host = Build(service, manifests);
            // As the program does before it starts: a wrong value is thrown here.
            host.Services.GetRequiredService<IStartupValidator>().Validate();
        }
    }

    [Theory, MemberData(nameof(Deployments))]
    public async Task Ports_and_probes_are_where_the_service_listens(string name)
    {
        var manifests = await Manifests.RenderAsync(name);
        foreach (var service in manifests.Services)
        {
            await using var host = Build(service, manifests);
            var listen = host.Services.GetRequiredService<IOptions<ServiceDefaults.ListenOptions>>().Value;
            Assert.Equal((listen.GrpcPort, listen.HttpPort), (service.PortOf("grpc"), service.PortOf("http")));
            Assert.Equal(2, service.Main.Ports.Count);
            var tls = host.Services.GetRequiredService<IOptions<SecurityOptions>>().Value.Certificate.Length > 0;
            foreach (var probe in new[] { service.Main.StartupProbe, service.Main.ReadinessProbe, service.Main.LivenessProbe })
            {
                // A kubelet's gRPC probe speaks no TLS.
                Assert.Equal(tls, probe.Grpc is null);
                if (probe.Grpc is { } grpc) Assert.Equal(listen.GrpcPort, grpc.Port);
                else Assert.Equal(("http", "HTTPS"), (probe.HttpGet.Port.Value, probe.HttpGet.Scheme));
            }
        }
    }

    [Theory, MemberData(nameof(Deployments))]
    public async Task A_pod_has_the_time_to_leave_the_name_and_then_to_finish_its_calls(string name)
    {
        var manifests = await Manifests.RenderAsync(name);
        foreach (var service in manifests.Services)
        {
            await using var host = Build(service, manifests);
            var finish = host.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout;
            var leave = TimeSpan.FromSeconds(service.Main.Lifecycle.PreStop.Sleep.Seconds);
            // The Gateway looks a name up every 15 s, and CoreDNS' answers are good for 5 s.
            Assert.True(leave >= TimeSpan.FromSeconds(20), service.Name);
            Assert.True(TimeSpan.FromSeconds(service.Pod.TerminationGracePeriodSeconds!.Value) > leave + finish, service.Name);
        }
    }

    [Theory, MemberData(nameof(Deployments))]
    public async Task The_gateway_resolves_names_that_stand_for_every_replica(string name)
    {
        var manifests = await Manifests.RenderAsync(name);
        await using var host = Build(manifests.Workload("gateway"), manifests);
        var addresses = host.Services.GetRequiredService<IOptions<ServicesOptions>>().Value;
        foreach (var (address, service) in new[] { (addresses.Features, "features"), (addresses.Classifier, "classifier") })
        {
            var target = new Uri(address.Replace("dns:///", "http://", StringComparison.Ordinal));
            Assert.StartsWith("dns:///", address, StringComparison.Ordinal);
            var headless = manifests.All<V1Service>().Single(it => it.Name() == target.Host);
            Assert.Equal("None", headless.Spec.ClusterIP);
            Assert.True(new V1LabelSelector { MatchLabels = headless.Spec.Selector }.Matches(manifests.Workload(service).Labels));
            // A headless service translates no ports.
            Assert.Equal(target.Port, manifests.Workload(service).PortOf("grpc"));
        }
    }

    [Fact]
    public void The_images_settings_are_settings_of_a_service()
    {
        var known = Hosts.Values.SelectMany(host => SettingsOf(host.Options)).ToHashSet();
        var dockerfile = File.ReadAllText(Path.Combine(Repository.Root, "Dockerfile"));

        var names = System.Text.RegularExpressions.Regex.Matches(dockerfile, @"\b([A-Z][A-Za-z]+__\w+)=").Select(it => it.Groups[1].Value).ToList();

        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.Contains(name, known));
    }

    private WebApplication Build(Workload service, Manifests manifests)
    {
        var (certificate, key) = _certificates.Issue("gateway.topfive.svc");
        var files = new Dictionary<string, string> { ["/tls/tls.crt"] = certificate, ["/tls/tls.key"] = key, ["/tls/ca.crt"] = _certificates.Ca };
        return Hosts[service.Name].Build([], service.Environment(manifests).Select(it =>
            new KeyValuePair<string, string?>(it.Key.Replace("__", ":", StringComparison.Ordinal), files.GetValueOrDefault(it.Value, it.Value))));
    }

    private static IEnumerable<string> SettingsOf(Assembly[] assemblies) =>
        from type in assemblies.SelectMany(assembly => assembly.GetExportedTypes())
        let section = type.GetField("Section")?.GetRawConstantValue() as string
        where section is not null
        from property in type.GetProperties().Where(property => property.CanWrite)
        select $"{section}__{property.Name}";
}
