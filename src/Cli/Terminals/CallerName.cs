using Topfive.Classifier.V1;

namespace Topfive.Cli;

internal static class CallerName
{
    /// <returns>Whose key or token it was, or else who the caller said that it is; null: nobody knows.</returns>
    public static string? Name(this Caller? caller) =>
        caller?.Authenticated is { Length: > 0 } known ? known : caller?.User is { Length: > 0 } user ? user : null;
}
