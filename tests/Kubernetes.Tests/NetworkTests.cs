using k8s.Models;
using Xunit;

namespace Topfive.Kubernetes.Tests;

/// <summary>What the network policies let through, worked out as a network plugin does.</summary>
public sealed class NetworkTests
{
    private static readonly string[] Arrows =
    [
        "classifier -> redis:6379", "features -> redis:6379", "gateway -> classifier:8082", "gateway -> features:8081", "import-pets -> gateway:8080",
    ];

    public static readonly TheoryData<string> Deployments = [.. Manifests.Deployments];

    [Theory, MemberData(nameof(Deployments))]
    public async Task Between_pods_the_arrows_of_the_picture_are_open_and_no_others(string name)
    {
        var manifests = await Manifests.RenderAsync(name);
        V1NetworkPolicy[] policies = [.. manifests.All<V1NetworkPolicy>()];
        Workload[] pods = [.. manifests.Workloads, .. (await Manifests.RenderAsync("jobs/import")).Workloads];

        var open = from source in pods
                   from target in pods
                   where source != target
                   from port in target.Main.Ports ?? []
                   where Leaves(source, target, port, policies) && Enters(source.Labels, target, port, policies)
                   select $"{source.Name} -> {target.Name}:{port.ContainerPort}";

        Assert.Equal(Arrows.Where(arrow => pods.Any(pod => pod.Name == "redis") || !arrow.Contains("redis", StringComparison.Ordinal)), open.Order());
    }

    [Theory, MemberData(nameof(Deployments))]
    public async Task From_elsewhere_callers_reach_the_gateway_and_prometheus_the_metrics(string name)
    {
        var manifests = await Manifests.RenderAsync(name);
        V1NetworkPolicy[] policies = [.. manifests.All<V1NetworkPolicy>()];
        foreach (var pod in manifests.Workloads)
        {
            foreach (var port in pod.Main.Ports)
            {
                Assert.Equal(pod.Name == "gateway" && port.Name == "grpc", Enters(from: null, pod, port, policies));
                Assert.Equal(port.Name == "http", Enters(from: null, pod, port, policies, "monitoring") && !Enters(from: null, pod, port, policies));
            }
        }
    }

    [Theory, MemberData(nameof(Deployments))]
    public async Task Whoever_uses_the_store_reaches_it_and_everybody_can_resolve_names(string name)
    {
        var manifests = await Manifests.RenderAsync(name);
        foreach (var pod in manifests.Workloads)
        {
            var egress = manifests.All<V1NetworkPolicy>().Where(policy => Governs(policy, pod.Labels, "Egress")).SelectMany(policy => policy.Spec.Egress ?? []).ToList();
            Assert.Contains(egress, rule => rule.Ports.Any(port => port.Port.Value == "53"));
            var usesStore = pod.Main.EnvFrom?.Any(from => from.ConfigMapRef.Name.StartsWith("store-", StringComparison.Ordinal)) == true;
            Assert.Equal(usesStore, egress.Any(rule => rule.Ports.Any(port => port.Port.Value is "6379" or "6380")));
        }
    }

    private static bool Leaves(Workload source, Workload target, V1ContainerPort port, V1NetworkPolicy[] policies)
    {
        V1NetworkPolicy[] governing = [.. policies.Where(policy => Governs(policy, source.Labels, "Egress"))];
        return governing.Length == 0 || governing.SelectMany(policy => policy.Spec.Egress ?? [])
            .Any(rule => Names(rule.Ports, port) && (rule.To is null || rule.To.Any(peer => IsPod(peer, target.Labels))));
    }

    /// <param name="from">Labels of a pod of the same namespace; null: whoever comes from elsewhere.</param>
    /// <param name="target">Where it goes.</param>
    /// <param name="port">To which port.</param>
    /// <param name="policies">All of them.</param>
    /// <param name="fromNamespace">Of one from elsewhere: the namespace's name.</param>
    private static bool Enters(IDictionary<string, string>? from, Workload target, V1ContainerPort port, V1NetworkPolicy[] policies, string? fromNamespace = null)
    {
        V1NetworkPolicy[] governing = [.. policies.Where(policy => Governs(policy, target.Labels, "Ingress"))];
        return governing.Length == 0 || governing.SelectMany(policy => policy.Spec.Ingress ?? [])
            .Any(rule => Names(rule.Ports, port) && (rule.FromProperty is null || rule.FromProperty.Any(peer => from is null ? IsNamespace(peer, fromNamespace) : IsPod(peer, from))));
    }

    private static bool Governs(V1NetworkPolicy policy, IDictionary<string, string> labels, string direction) =>
        policy.Spec.PolicyTypes.Contains(direction) && policy.Spec.PodSelector.Matches(labels);

    private static bool IsPod(V1NetworkPolicyPeer peer, IDictionary<string, string> labels) =>
        peer is { NamespaceSelector: null, PodSelector: { } selector } && selector.Matches(labels);

    private static bool IsNamespace(V1NetworkPolicyPeer peer, string? name) =>
        name is not null && peer.NamespaceSelector is { } selector && selector.Matches(new Dictionary<string, string> { ["kubernetes.io/metadata.name"] = name });

    private static bool Names(IList<V1NetworkPolicyPort>? ports, V1ContainerPort port) =>
        ports is null || ports.Any(it => it.Port.Value == port.Name || it.Port.Value == $"{port.ContainerPort}");
}
