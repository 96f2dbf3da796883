using k8s.Models;

namespace Topfive.Kubernetes.Tests;

/// <param name="Name">Of the Deployment, StatefulSet, Job or Pod.</param>
/// <param name="Metadata">Its own.</param>
/// <param name="Template">Its pods.</param>
/// <param name="Selector">How it knows its pods; null: it needs none that we write.</param>
internal sealed record Workload(string Name, V1ObjectMeta Metadata, V1PodTemplateSpec Template, V1LabelSelector? Selector)
{
    public V1PodSpec Pod => Template.Spec;

    public V1Container Main => Pod.Containers.Single(container => container.Name == "main");

    public IEnumerable<V1Container> AllContainers => Pod.Containers.Concat(Pod.InitContainers ?? []);

    public IDictionary<string, string> Labels => Template.Metadata.Labels;

    /// <returns>The port's number; null when the container has none of that name or number.</returns>
    public int? PortOf(string nameOrNumber) =>
        (Main.Ports ?? []).FirstOrDefault(port => port.Name == nameOrNumber || $"{port.ContainerPort}" == nameOrNumber)?.ContainerPort;

    /// <summary>What the container gets to see, from config maps and from its own list; what Kubernetes fills in is filled in.</summary>
    public IReadOnlyDictionary<string, string> Environment(Manifests manifests)
    {
        var maps = manifests.All<V1ConfigMap>().ToDictionary(map => map.Name());
        var environment = (Main.EnvFrom ?? []).SelectMany(from => maps[from.ConfigMapRef.Name].Data).ToDictionary();
        foreach (var variable in Main.Env ?? [])
        {
            environment[variable.Name] = variable.ValueFrom switch
            {
                null => Expand(variable.Value),
                { ConfigMapKeyRef: { } key } => maps[key.Name].Data[key.Key],
                { SecretKeyRef: not null } => "secret",
                { ResourceFieldRef: { Resource: "limits.cpu" } } => Main.Resources.Limits["cpu"].ToString()!,
                { FieldRef: not null } => "0",
                _ => throw new InvalidDataException($"{Name}: where {variable.Name} comes from is not known to this test"),
            };
        }

        return environment;

        // As a kubelet does: from those before it in the list, not from the config maps.
        string Expand(string value) => System.Text.RegularExpressions.Regex.Replace(value, @"\$\((\w+)\)", reference =>
            (Main.Env ?? []).TakeWhile(it => it.Value != value).Any(it => it.Name == reference.Groups[1].Value)
                ? environment[reference.Groups[1].Value]
                : throw new InvalidDataException($"{Name}: {value} names {reference.Groups[1].Value}, which no entry before it defines"));
    }
}

internal static class Selectors
{
    public static bool Matches(this V1LabelSelector selector, IDictionary<string, string> labels) =>
        (selector.MatchLabels ?? new Dictionary<string, string>()).All(label => labels.TryGetValue(label.Key, out var value) && value == label.Value)
        && (selector.MatchExpressions ?? []).All(it => it.OperatorProperty == "In"
            ? labels.TryGetValue(it.Key, out var value) && it.Values.Contains(value)
            : throw new InvalidDataException($"{it.OperatorProperty} is not known to this test"));
}
