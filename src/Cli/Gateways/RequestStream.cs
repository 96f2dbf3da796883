using Grpc.Core;

namespace Topfive.Cli;

/// <summary>
/// Where a call ends before everything is sent, writing fails in one of many ways; why it ended is what the call's answer says.
/// </summary>
internal static class RequestStream
{
    /// <summary>Sends all, and says that it is all.</summary>
    public static async Task WriteAllAsync<T>(this IClientStreamWriter<T> stream, IEnumerable<T> messages, CancellationToken cancellation)
    {
        foreach (var message in messages)
        {
            if (!await TryWriteAsync(stream, message, cancellation))
            {
                return;
            }
        }

        try
        {
            await stream.CompleteAsync();
        }
        catch (Exception failure) when (failure is RpcException or IOException or InvalidOperationException)
        {
            // As above.
        }
    }

    /// <returns>False: the call is over; await its answer.</returns>
    private static async Task<bool> TryWriteAsync<T>(IClientStreamWriter<T> stream, T message, CancellationToken cancellation)
    {
        try
        {
            await stream.WriteAsync(message, cancellation);
            return true;
        }
        catch (Exception failure) when (failure is RpcException or IOException or InvalidOperationException && !cancellation.IsCancellationRequested)
        {
            return false;
        }
    }
}
