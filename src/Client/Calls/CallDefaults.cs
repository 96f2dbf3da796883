using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Topfive.Client;

/// <summary>What every call gets that was not told otherwise: who asks, and a deadline where it has one answer.</summary>
internal sealed class CallDefaults(TopfiveClientOptions options) : Interceptor
{
    private readonly CallCredentials? _caller = CallerOf(options);

    private readonly TimeSpan? _timeout = options.Timeout;

    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, BlockingUnaryCallContinuation<TRequest, TResponse> continuation) =>
        continuation(request, Complete(context, _timeout));

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation) =>
        continuation(request, Complete(context, _timeout));

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation) =>
        continuation(request, Complete(context, null));

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context, AsyncClientStreamingCallContinuation<TRequest, TResponse> continuation) =>
        continuation(Complete(context, null));

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context, AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation) =>
        continuation(Complete(context, null));

    private ClientInterceptorContext<TRequest, TResponse> Complete<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context, TimeSpan? timeout)
        where TRequest : class
        where TResponse : class
    {
        var call = context.Options;
        if (timeout is { } limit && call.Deadline is null) call = call.WithDeadline(DateTime.UtcNow + limit);
        if (_caller is not null && call.Credentials is null) call = call.WithCredentials(_caller);
        return new(context.Method, context.Host, call);
    }

    /// <returns>Null: nothing is said of the caller.</returns>
    private static CallCredentials? CallerOf(TopfiveClientOptions options)
    {
        var (key, token, renewed) = (options.ApiKey, options.Token, options.TokenProvider);
        // The services unescape it: metadata is ASCII.
        var user = Uri.EscapeDataString(options.User);
        return (key + token + user).Length == 0 && renewed is null ? null : CallCredentials.FromInterceptor(AddAsync);

        async Task AddAsync(AuthInterceptorContext context, Metadata metadata)
        {
            if (user.Length > 0) metadata.Add("topfive-user", user);
            if (key.Length > 0) metadata.Add("x-api-key", key);
            var shown = renewed is null ? token : await renewed(context.CancellationToken).ConfigureAwait(false);
            if (shown.Length > 0) metadata.Add("authorization", $"Bearer {shown}");
        }
    }
}
