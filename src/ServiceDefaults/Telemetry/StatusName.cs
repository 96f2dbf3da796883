using Grpc.Core;

namespace Topfive.ServiceDefaults;

/// <summary>A status as metrics and traces spell it: NOT_FOUND.</summary>
internal static class StatusName
{
    private static readonly string[] Names =
    [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    ];

    private static readonly KeyValuePair<string, object?>[] Tags = [.. Names.Select(name => KeyValuePair.Create("rpc.response.status_code", (object?)name))];

    public static string Of(StatusCode status) => Names[Index(status)];

    public static KeyValuePair<string, object?> TagOf(StatusCode status) => Tags[Index(status)];

    /// <summary>What no version of gRPC knows is UNKNOWN, so that a stranger's status makes no new series.</summary>
    private static int Index(StatusCode status) => (uint)status < (uint)Names.Length ? (int)status : (int)StatusCode.Unknown;
}
