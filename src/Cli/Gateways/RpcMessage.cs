using System.Security.Authentication;
using System.Text.RegularExpressions;
using Grpc.Core;

namespace Topfive.Cli;

/// <summary>A failed call in one line: the status as gRPC spells it, and the message.</summary>
internal static partial class RpcMessage
{
    public static string Of(RpcException failure) => Of(failure.StatusCode, failure.Status.Detail);

    public static string Of(StatusCode code, string message) => $"{Name(code)}: {message}";

    /// <returns>An enum value as protos spell it, e.g. NOT_FOUND.</returns>
    public static string Name(Enum value) => CapitalInside().Replace(value.ToString(), "_").ToUpperInvariant();

    /// <summary>True when no answer came at all, rather than an answer that says "unavailable".</summary>
    public static bool IsUnreachable(RpcException failure) =>
        failure.StatusCode == StatusCode.Unavailable && failure.Status.DebugException is not null;

    /// <returns>Why the server's certificate was not believed; null: it was, or there was none.</returns>
    public static string? Distrust(RpcException failure)
    {
        for (var cause = failure.Status.DebugException; cause is not null; cause = cause.InnerException)
        {
            if (cause is AuthenticationException) return cause.Message.TrimEnd('.') + ".";
        }

        return null;
    }

    /// <summary>True when something answered that does not speak HTTP/2 in plaintext: TLS, or another server.</summary>
    public static bool IsNoHttp2(RpcException failure) =>
        failure.Status.DebugException is HttpRequestException { HttpRequestError: HttpRequestError.HttpProtocolError or HttpRequestError.InvalidResponse or HttpRequestError.ResponseEnded };

    public static CommandFailure CutOff(RpcException failure) => new(
        "UNAVAILABLE: the services went away in the middle of the import. What was imported stays: the same command continues it.", failure);

    [GeneratedRegex("(?<!^)(?=[A-Z])")]
    private static partial Regex CapitalInside();
}
