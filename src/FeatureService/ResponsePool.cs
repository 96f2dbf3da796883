using Microsoft.Extensions.ObjectPool;
using Topfive.Features.V1;

namespace Topfive.FeatureService;

/// <summary>Responses to unary calls, which are used again once they have been sent: a vector is 8 KiB of memory a call.</summary>
internal sealed class ResponsePool
{
    /// <summary>More than are under way at a time on any machine's cores; what is beyond is left to the garbage collector.</summary>
    private const int Kept = 64;

    private readonly DefaultObjectPool<ExtractResponse> _pool = new(new Policy(), Kept);

    /// <summary>An empty response, taken back when the call is over.</summary>
    public ExtractResponse Rent(HttpContext call)
    {
        var response = _pool.Get();
        call.Response.OnCompleted(static rented =>
        {
            var (pool, response) = (Rented)rented;
            pool.Return(response);
            return Task.CompletedTask;
        }, new Rented(_pool, response));
        return response;
    }

    private sealed record Rented(ObjectPool<ExtractResponse> Pool, ExtractResponse Response);

    private sealed class Policy : PooledObjectPolicy<ExtractResponse>
    {
        public override ExtractResponse Create() => new();

        public override bool Return(ExtractResponse obj)
        {
            // Clearing a repeated field leaves it its memory. Copies are rare, and many.
            obj.Vector.Clear();
            return obj.Copies.Count == 0;
        }
    }
}
