using Grpc.Core;
using Microsoft.AspNetCore.Components;

namespace Topfive.Consoles;

/// <summary>A page that calls the Gateway, and shows what it refuses in the Gateway's own words.</summary>
public abstract class ConsolePage : ComponentBase, IDisposable
{
    private readonly CancellationTokenSource _left = new();

    [Inject]
    internal GatewaySession Session { get; set; } = null!;

    /// <summary>Of the last call; null: none.</summary>
    protected string? Trouble { get; set; }

    /// <summary>Cancelled when the page is left.</summary>
    protected CancellationToken Left => _left.Token;

    /// <returns>False when it was refused or failed; <see cref="Trouble"/> then says why.</returns>
    protected async Task<bool> TryAsync(Func<Task> call)
    {
        try
        {
            Trouble = null;
            await call();
            return true;
        }
        catch (RpcException refusal)
        {
            if (!Left.IsCancellationRequested) Trouble = Words.Of(refusal);
            return false;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (!disposing) return;
        _left.Cancel();
        _left.Dispose();
    }
}
