using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Topfive.ServiceDefaults;

/// <summary>The one table between gRPC's statuses and those of HTTP: google.rpc.Code's own.</summary>
public static class HttpStatus
{
    private static readonly (StatusCode Code, int Http)[] Table =
    [
        (StatusCode.OK, StatusCodes.Status200OK),
        (StatusCode.InvalidArgument, StatusCodes.Status400BadRequest),
        (StatusCode.FailedPrecondition, StatusCodes.Status400BadRequest),
        (StatusCode.OutOfRange, StatusCodes.Status400BadRequest),
        (StatusCode.Unauthenticated, StatusCodes.Status401Unauthorized),
        (StatusCode.PermissionDenied, StatusCodes.Status403Forbidden),
        (StatusCode.NotFound, StatusCodes.Status404NotFound),
        (StatusCode.Cancelled, StatusCodes.Status408RequestTimeout),
        (StatusCode.Aborted, StatusCodes.Status409Conflict),
        (StatusCode.AlreadyExists, StatusCodes.Status409Conflict),
        (StatusCode.InvalidArgument, StatusCodes.Status413PayloadTooLarge),
        (StatusCode.ResourceExhausted, StatusCodes.Status429TooManyRequests),
        (StatusCode.Internal, StatusCodes.Status500InternalServerError),
        (StatusCode.Unimplemented, StatusCodes.Status501NotImplemented),
        (StatusCode.Unavailable, StatusCodes.Status503ServiceUnavailable),
        (StatusCode.DeadlineExceeded, StatusCodes.Status504GatewayTimeout),
    ];

    public static int Of(StatusCode code) =>
        Array.Find(Table, row => row.Code == code) is { Http: > 0 } found ? found.Http : StatusCodes.Status500InternalServerError;

    /// <summary>The other way it says less: of the codes that share a status the first one.</summary>
    public static StatusCode ToCode(int http) =>
        http is >= 200 and < 300 ? StatusCode.OK : Array.Find(Table, row => row.Http == http) is { Http: > 0 } found ? found.Code : StatusCode.Unknown;
}
