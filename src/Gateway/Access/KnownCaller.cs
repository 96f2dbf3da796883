namespace Topfive.Gateway;

/// <summary>Who calls, checked.</summary>
/// <param name="Name">Of an API key, or of a token's subject: for messages, logs and the history of promotions.</param>
/// <param name="Roles">What it may do.</param>
/// <param name="Limits">How much of it.</param>
internal sealed record KnownCaller(string Name, Roles Roles, CallLimitOptions Limits)
{
    /// <summary>For a call that nobody's name is on, because access is open.</summary>
    public static string? NameOf(HttpContext http) => http.Features.Get<KnownCaller>()?.Name;
}
