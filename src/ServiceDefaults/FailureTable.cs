using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using StackExchange.Redis;
using Topfive.FeatureStore;
using Status = Google.Rpc.Status;

namespace Topfive.ServiceDefaults;

/// <summary>The one table from kind of failure to gRPC status, for whole calls and for items of a stream.</summary>
public static class FailureTable
{
    /// <summary>A message goes in HTTP's headers, of which clients read no more than some kilobytes; it may hold what a caller has sent, of whatever length.</summary>
    public const int MaxMessageLength = 1_000;

    private static readonly string[] WriteRefusals = ["OOM ", "MISCONF ", "EXECABORT "];

    /// <summary>
    /// The status that tells a caller about <paramref name="exception"/>, with <paramref name="traceId"/> among its details. Anything
    /// unforeseen becomes INTERNAL with that id only: log the exception itself beside it.
    /// </summary>
    public static Status ToStatus(Exception exception, string traceId)
    {
        var status = Of(exception, traceId).WithTrace(traceId);
        if (status.Message.Length > MaxMessageLength) status.Message = $"{status.Message[..(char.IsHighSurrogate(status.Message[MaxMessageLength - 2]) ? MaxMessageLength - 2 : MaxMessageLength - 1)]}…";
        return status;
    }

    /// <summary>The same as gRPC throws it, for what fails before <see cref="FailureInterceptor"/> has the call.</summary>
    internal static RpcException ToRpcException(this Failure failure) => ToStatus(failure, TraceExtensions.CurrentId).ToRpcException();

    /// <summary>True when the caller was told less than the exception says, so that it must be logged.</summary>
    public static bool IsUnforeseen(Exception exception) =>
        exception is not (Failure or RpcException or RedisConnectionException or RedisTimeoutException or OperationCanceledException or StoreFullException
            or RedisServerException { Kind: RedisErrorKind.ClusterDown or RedisErrorKind.Loading })
        && !(exception is RedisServerException refusal && RefusesWrites(refusal));

    /// <summary>Redis' memory is full (maxmemory), or its disk is. Of a transaction it says no more than that something in it was refused.</summary>
    private static bool RefusesWrites(RedisServerException refusal) =>
        WriteRefusals.Any(kind => refusal.Message.StartsWith(kind, StringComparison.Ordinal));

    private static Status Of(Exception exception, string traceId) => exception switch
    {
        Failure failure => Of(failure),
        RpcException rpc => rpc.GetRpcStatus() ?? Of((Code)rpc.StatusCode, rpc.Status.Detail),
        RedisConnectionException or RedisTimeoutException =>
            Of(Code.Unavailable, "the feature store cannot be reached: check Store__ConnectionString and the server behind it"),
        RedisServerException { Kind: RedisErrorKind.ClusterDown or RedisErrorKind.Loading } away =>
            Of(Code.Unavailable, $"the feature store cannot serve now: {away.Message}"),
        StoreFullException full => Of(Code.ResourceExhausted, full.Message),
        RedisServerException refusal when RefusesWrites(refusal) => Of(Code.ResourceExhausted, $"the feature store takes no more, because its memory (maxmemory) or its disk is full: {refusal.Message}"),
        OperationCanceledException => Of(Code.Cancelled, "the call was cancelled"),
        _ => Of(Code.Internal, $"internal error; the service's log has the details under trace id {traceId}"),
    };

    private static Status Of(Failure failure)
    {
        var status = Of(failure.Kind switch
        {
            FailureKind.InvalidInput => Code.InvalidArgument,
            FailureKind.NotFound => Code.NotFound,
            FailureKind.Precondition => Code.FailedPrecondition,
            FailureKind.Unauthenticated => Code.Unauthenticated,
            FailureKind.PermissionDenied => Code.PermissionDenied,
            FailureKind.QueueFull or FailureKind.OutOfSpace => Code.ResourceExhausted,
            FailureKind.Cancelled => Code.Cancelled,
            FailureKind.Unavailable => Code.Unavailable,
            FailureKind.NotBuilt => Code.Unimplemented,
            _ => Code.Internal,
        }, failure.Message);
        if (failure.RetryAfter is { } delay)
        {
            status.Details.Add(Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(delay) }));
        }

        if (failure.Reason is { } reason)
        {
            status.Details.Add(Any.Pack(new ErrorInfo { Domain = Reason.Domain, Reason = reason }));
        }

        return status;
    }

    private static Status Of(Code code, string message) => new() { Code = (int)code, Message = message };
}
