using System.Net;

namespace Topfive.Gateway.Tests;

/// <summary>Sends a part, waits, sends the rest.</summary>
internal sealed class PausedContent(byte[] first, Task pause, byte[]? rest = null) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(first, cancellationToken);
        await stream.FlushAsync(cancellationToken);
        await pause.WaitAsync(cancellationToken);
        await stream.WriteAsync(rest ?? [], cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
