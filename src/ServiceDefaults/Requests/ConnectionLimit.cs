using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Topfive.ServiceDefaults;

/// <summary>
/// How many connections the gRPC port holds at a time. Kestrel's own limit counts the HTTP port's as well, and would close probes out with the crowd.
/// </summary>
internal sealed class ConnectionLimit(IOptions<LimitOptions> options, ILogger<ConnectionLimit> log)
{
    private readonly int _limit = options.Value.MaxConnections;
    private int _open;
    private int _isFull;

    public void Guard(IConnectionBuilder endpoint) => endpoint.Use(next => async connection =>
    {
        try
        {
            if (Interlocked.Increment(ref _open) > _limit)
            {
                connection.Abort(new ConnectionAbortedException("the port holds as many connections as it may (Limits__MaxConnections)"));
                if (Interlocked.Exchange(ref _isFull, 1) == 0) log.LogWarning("{Limit} connections are open, which is the limit (Limits__MaxConnections): more are closed at once", _limit);
                return;
            }

            await next(connection);
        }
        finally
        {
            if (Interlocked.Decrement(ref _open) < _limit) Volatile.Write(ref _isFull, 0);
        }
    });
}
