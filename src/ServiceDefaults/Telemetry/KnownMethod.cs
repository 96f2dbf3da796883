using System.Collections.Frozen;
using Grpc.Health.V1;
using Microsoft.AspNetCore.Http;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.Gateway.V1;
using Topfive.Inference.V2;

namespace Topfive.ServiceDefaults;

/// <summary>
/// An RPC as metrics and traces name it. Any other path that a stranger calls is <c>_OTHER</c>: what callers make up makes no new series.
/// </summary>
internal sealed class KnownMethod
{
    private static readonly KnownMethod Other = new("_OTHER");

    private static readonly FrozenDictionary<string, KnownMethod> All =
        new[] { FeaturesReflection.Descriptor, ClassifierReflection.Descriptor, GatewayReflection.Descriptor, InferenceReflection.Descriptor, HealthReflection.Descriptor }
            .SelectMany(file => file.Services)
            .SelectMany(service => service.Methods, (service, method) => $"{service.FullName}/{method.Name}")
            .ToFrozenDictionary(name => $"/{name}", name => new KnownMethod(name), StringComparer.Ordinal);

    private KnownMethod(string name)
    {
        Name = name;
        Tag = new("rpc.method", name);
    }

    /// <summary>package.Service/Method.</summary>
    public string Name { get; }

    public KeyValuePair<string, object?> Tag { get; }

    /// <summary>True for health checks.</summary>
    public bool IsProbe => Name.StartsWith("grpc.health.", StringComparison.Ordinal);

    /// <param name="path">/package.Service/Method, as gRPC spells it.</param>
    public static KnownMethod Of(string path) => All.GetValueOrDefault(path) ?? Other;

    /// <returns>Null when the request is no call, by gRPC or by JSON.</returns>
    public static KnownMethod? Of(HttpContext http)
    {
        if (RpcRoute.Of(http) is { } path && All.TryGetValue(path, out var known)) return known;
        return http.Request.ContentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) == true ? Other : null;
    }
}
