using Yarp.ReverseProxy.Forwarder;

namespace Topfive.Gateway;

/// <summary>What of a request a service behind the Gateway gets to see: all but what is between the caller and the Gateway.</summary>
internal sealed class DownstreamTransformer : HttpTransformer
{
    public static readonly DownstreamTransformer Instance = new();

    private const string CallerHeader = "topfive-caller";

    public override async ValueTask TransformRequestAsync(
        HttpContext http, HttpRequestMessage proxied, string destination, CancellationToken cancellation)
    {
        await base.TransformRequestAsync(http, proxied, destination, cancellation);
        // The service's own name, for which its certificate was made, and not the Gateway's.
        proxied.Headers.Host = null;
        // Nobody behind needs them, and so no log there can have them.
        proxied.Headers.Remove("x-api-key");
        proxied.Headers.Remove("authorization");
        // Only the Gateway knows who it is.
        proxied.Headers.Remove(CallerHeader);
        if (KnownCaller.NameOf(http) is { } name) proxied.Headers.Add(CallerHeader, Uri.EscapeDataString(name));
    }
}
