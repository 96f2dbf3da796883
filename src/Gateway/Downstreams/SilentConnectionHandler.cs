namespace Topfive.Gateway;

/// <summary>
/// A connection whose pings are not answered ends with HTTP/2's PROTOCOL_ERROR, of which gRPC makes INTERNAL. What it means is that the replica is
/// away: as an <see cref="IOException"/> it becomes UNAVAILABLE, and the call is made again at the next one.
/// </summary>
internal sealed class SilentConnectionHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private const long ProtocolError = 1;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException lost) when (lost.InnerException is HttpProtocolException { ErrorCode: ProtocolError } silent)
        {
            throw new HttpRequestException(silent.Message, new IOException(silent.Message));
        }
    }
}
