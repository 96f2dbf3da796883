using System.Threading.RateLimiting;
using Microsoft.Extensions.Primitives;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>Asks every call, before anything of it is read: who are you, may you do this, and may you do it now?</summary>
internal sealed class AccessGate(RequestDelegate next, ApiKeys keys, JwtCallers tokens, CallLimits limits, ILogger<AccessGate> log)
{
    private const string KeyHeader = "x-api-key";

    public async Task InvokeAsync(HttpContext http)
    {
        RateLimitLease? underWay;
        try
        {
            underWay = await AdmitAsync(http);
        }
        catch (Failure refusal)
        {
            await (HttpProtocol.IsHttp2(http.Request.Protocol) ? http.RefuseGrpcAsync(refusal) : http.RefuseAsync(refusal));
            return;
        }

        using (underWay)
        {
            await next(http);
        }
    }

    /// <returns>To dispose when the call has ended; null: nobody counts it.</returns>
    private async ValueTask<RateLimitLease?> AdmitAsync(HttpContext http)
    {
        // What calls no RPC is on the HTTP port: health, metrics, and what describes the JSON API (HttpPortGuard, HttpApiGuard).
        if (RpcRoute.Of(http) is not { } path) return null;
        if (!MethodRoles.TryGet(path, out var rule)) throw Failure.NotBuilt("the Gateway has no such method, or no role that may call it");
        if (rule.Roles == Roles.None) return null;

        var caller = await CallerOfAsync(http);
        if ((caller.Roles & (rule.Roles | Roles.Admin)) == Roles.None)
        {
            log.LogWarning("{Caller} was refused {Method}, for which it has no role", caller.Name, path);
            throw Failure.PermissionDenied($"{path} needs the role {Names(rule.Roles)}; '{caller.Name}' has {Names(caller.Roles)}");
        }

        var underWay = limits.Enter(caller);
        if (rule.Streams && caller.Limits.RequestsPerSecond > 0)
        {
            http.Request.Body = new MeteredBody(http.Request.Body, stop => limits.WaitAsync(caller, stop));
        }

        http.Features.Set(caller);
        return underWay;
    }

    private ValueTask<KnownCaller> CallerOfAsync(HttpContext http)
    {
        var key = http.Request.Headers[KeyHeader];
        if (!StringValues.IsNullOrEmpty(key))
        {
            return new(keys.Find($"{key}") ?? throw Failure.Unauthenticated("the API key in x-api-key is nobody's"));
        }

        return http.Request.Headers.Authorization.Count > 0
            ? tokens.FindAsync(http)
            : throw Failure.Unauthenticated("send an API key as x-api-key, or a token as authorization: Bearer …");
    }

    private static string Names(Roles roles) => roles == Roles.None ? "none" : string.Join(" or ", Enum.GetValues<Roles>()
        .Where(role => role is not (Roles.None or Roles.Any) && roles.HasFlag(role))
        .Select(role => role.ToString().ToLowerInvariant()));
}
