using Google.Rpc;
using Grpc.Core;

namespace Topfive.Client;

/// <summary>What the services say of a failure besides its status and its message.</summary>
public static class RpcExceptionExtensions
{
    /// <summary>When to try again, of RESOURCE_EXHAUSTED.</summary>
    /// <param name="failure">What a call threw.</param>
    /// <returns>Null: the service did not say.</returns>
    public static TimeSpan? GetRetryDelay(this RpcException failure) => failure.GetRpcStatus()?.GetRetryDelay();

    /// <summary>The id by which the services' logs and traces know the call; 32 hexadecimal digits.</summary>
    /// <param name="failure">What a call threw.</param>
    /// <returns>Null: no service answered.</returns>
    public static string? GetTraceId(this RpcException failure) => failure.GetRpcStatus()?.GetTraceId();

    /// <summary>When to try again, of one image of many.</summary>
    /// <param name="error">Of the image's result.</param>
    /// <returns>Null: the service did not say.</returns>
    public static TimeSpan? GetRetryDelay(this Google.Rpc.Status error) => error.GetDetail<RetryInfo>()?.RetryDelay?.ToTimeSpan();

    /// <summary>The id by which the services' logs and traces know the stream that the image was in.</summary>
    /// <param name="error">Of the image's result.</param>
    /// <returns>Null: no service answered.</returns>
    public static string? GetTraceId(this Google.Rpc.Status error) => error.GetDetail<RequestInfo>()?.RequestId;
}
