using System.Collections.Concurrent;
using k8s;
using k8s.Models;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Kubernetes.Tests;

/// <summary>What <c>kubectl kustomize</c> makes of a folder of k8s/, read into the API's own types: a field that they do not have is an error.</summary>
internal sealed class Manifests
{
    private const string WhySkipped = "there is no kubectl with kustomize 4 or later on the PATH (kubectl 1.24; Debian 13: apt-get install kubernetes-client)";

    /// <summary>An overlay, and what is added to it as its user would.</summary>
    public static readonly string[] Deployments =
    [
        "overlays/cpu", "overlays/gpu", "overlays/managed-redis",
        "overlays/cpu + tls", "overlays/gpu + tls + managed-redis + collector + service-monitor + backbone-download",
    ];

    public static readonly string[] Jobs = ["jobs/import", "jobs/backbone", "jobs/restore"];

    private static readonly ConcurrentDictionary<string, Lazy<Task<Manifests>>> Rendered = new();
    private static readonly Lazy<Task<bool>> Renders = new(RendersAsync);

    private readonly IReadOnlyList<object> _objects;

    private Manifests(IReadOnlyList<object> objects)
    {
        _objects = objects;
        Workloads =
        [
            .. All<V1Deployment>().Select(it => new Workload(it.Name(), it.Metadata, it.Spec.Template, it.Spec.Selector)),
            .. All<V1StatefulSet>().Select(it => new Workload(it.Name(), it.Metadata, it.Spec.Template, it.Spec.Selector)),
            .. All<V1Pod>().Select(it => new Workload(it.Name(), it.Metadata, new V1PodTemplateSpec { Metadata = it.Metadata, Spec = it.Spec }, Selector: null)),
            .. All<V1Job>().Select(it => new Workload(it.Name(), it.Metadata, it.Spec.Template, Selector: null)),
        ];
    }

    /// <summary>Whatever makes pods.</summary>
    public IReadOnlyList<Workload> Workloads { get; }

    /// <summary>The three services of the product.</summary>
    public IEnumerable<Workload> Services => Workloads.Where(it => it.Metadata.Labels?.ContainsKey("topfive.dev/service") == true);

    /// <summary>The namespaces of all that has one.</summary>
    public IEnumerable<string?> Namespaces => _objects.Where(it => it is not V1Namespace)
        .Select(it => it is CustomResource custom ? custom.Metadata.NamespaceProperty : ((IMetadata<V1ObjectMeta>)it).Metadata.NamespaceProperty).Distinct();

    public IEnumerable<T> All<T>() => _objects.OfType<T>();

    public Workload Workload(string name) => Workloads.Single(it => it.Name == name);

    /// <summary>The test is skipped where nothing can render.</summary>
    /// <param name="name">A folder of k8s/, and with plus signs between them components that are added to it.</param>
    public static async Task<Manifests> RenderAsync(string name)
    {
        Assert.SkipUnless(await Renders.Value, WhySkipped);
        return await Rendered.GetOrAdd(name, _ => new(() => ReadAsync(name))).Value;
    }

    private static async Task<Manifests> ReadAsync(string name)
    {
        var types = new Dictionary<string, Type>
        {
            ["cert-manager.io/v1/Certificate"] = typeof(CustomResource),
            ["cert-manager.io/v1/Issuer"] = typeof(CustomResource),
            ["monitoring.coreos.com/v1/ServiceMonitor"] = typeof(CustomResource),
        };
        return new(KubernetesYaml.LoadAllFromString(await KustomizeAsync(name), types, strict: true));
    }

    private static async Task<string> KustomizeAsync(string name)
    {
        var folder = Path.Combine(Repository.Root, "k8s");
        if (name.Split(" + ") is not [var overlay, .. { Length: > 0 } components]) return await Repository.RunAsync(folder, "kubectl", "kustomize", name);

        using var directory = new TempDirectory();
        var toFolder = Path.GetRelativePath(directory.Path, folder);
        await File.WriteAllTextAsync(directory.File("kustomization.yaml"), $"""
            apiVersion: kustomize.config.k8s.io/v1beta1
            kind: Kustomization
            resources: [{toFolder}/{overlay}]
            components: [{string.Join(", ", components.Select(component => $"{toFolder}/components/{component}"))}]
            """);
        return await Repository.RunAsync(directory.Path, "kubectl", "kustomize", ".");
    }

    private static async Task<bool> RendersAsync()
    {
        try
        {
            return (await Repository.RunAsync(Repository.Root, "kubectl", "version", "--client")).Contains("Kustomize Version: v", StringComparison.Ordinal);
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            return false;
        }
    }
}

/// <summary>A kind that the API's own types do not have.</summary>
public sealed class CustomResource
{
    public string ApiVersion { get; set; } = "";

    public string Kind { get; set; } = "";

    public V1ObjectMeta Metadata { get; set; } = new();

    public Dictionary<string, object> Spec { get; set; } = [];
}
