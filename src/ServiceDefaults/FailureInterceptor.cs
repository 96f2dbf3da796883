using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Logging;

namespace Topfive.ServiceDefaults;

/// <summary>Turns every exception that leaves an RPC into the status of <see cref="FailureTable"/>.</summary>
internal sealed class FailureInterceptor(ILogger<FailureInterceptor> log) : Interceptor
{
    /// <summary>gRPC's own word, for its clients that retry by themselves.</summary>
    private static readonly Metadata.Entry NoRetry = new("grpc-retry-pushback-ms", "-1");

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context);
        }
        catch (Exception exception)
        {
            throw Translate(exception, context);
        }
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(requestStream, context);
        }
        catch (Exception exception)
        {
            throw Translate(exception, context);
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(request, responseStream, context);
        }
        catch (Exception exception)
        {
            throw Translate(exception, context);
        }
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(requestStream, responseStream, context);
        }
        catch (Exception exception)
        {
            throw Translate(exception, context);
        }
    }

    private RpcException Translate(Exception exception, ServerCallContext context)
    {
        if (context.CancellationToken.IsCancellationRequested)
        {
            // A caller that hangs up shows in many guises (a reset stream is an IOException): they are all its cancellation.
            exception = new OperationCanceledException(context.CancellationToken);
        }

        var traceId = context.TraceId();
        if (FailureTable.IsUnforeseen(exception))
        {
            log.LogError(exception, "{Method} failed; trace id {TraceId}", context.Method, traceId);
        }

        var refusal = FailureTable.ToStatus(exception, traceId).ToRpcException();
        // Every replica has the same store: the caller has another way to its answer, and should take it now.
        if (exception is Failure { Reason: Reason.VectorUnavailable }) refusal.Trailers.Add(NoRetry);
        return refusal;
    }
}
