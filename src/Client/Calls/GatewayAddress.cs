using System.Diagnostics.CodeAnalysis;
using Grpc.Net.Client.Balancer;

namespace Topfive.Client;

/// <summary>Where calls go.</summary>
/// <param name="Target">As gRPC names it.</param>
/// <param name="IsTls">Whether others can read what goes there.</param>
/// <param name="IsThisMachine">It does not leave this machine.</param>
/// <param name="Listed">The addresses behind a <paramref name="Target"/> of <c>static:</c>; empty otherwise.</param>
internal sealed record GatewayAddress(string Target, bool IsTls, bool IsThisMachine, IReadOnlyList<BalancerAddress> Listed)
{
    private const string Dns = "dns:///";

    public static bool TryParse(TopfiveClientOptions options, [NotNullWhen(true)] out GatewayAddress? address)
    {
        address = options.Address.StartsWith(Dns, StringComparison.OrdinalIgnoreCase) ? OfName(options) : OfList(options.Address);
        return address is not null;
    }

    private static GatewayAddress? OfName(TopfiveClientOptions options) =>
        Uri.TryCreate($"http://{options.Address[Dns.Length..]}", UriKind.Absolute, out var behind) && behind is { Host.Length: > 0, PathAndQuery: "/" }
            ? new(options.Address, options.UseTls, behind.IsLoopback, [])
            : null;

    private static GatewayAddress? OfList(string addresses)
    {
        var uris = new List<Uri>();
        foreach (var part in addresses.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!Uri.TryCreate(part, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.PathAndQuery != "/") return null;
            uris.Add(uri);
        }

        var isTls = uris[0].Scheme == Uri.UriSchemeHttps;
        if (uris.Any(uri => uri.Scheme != uris[0].Scheme)) return null;
        var isHere = uris.TrueForAll(uri => uri.IsLoopback);
        return uris is [var only]
            ? new(only.ToString(), isTls, isHere, [])
            : new("static:///gateways", isTls, isHere, [.. uris.Select(uri => new BalancerAddress(uri.IdnHost, uri.Port))]);
    }
}
