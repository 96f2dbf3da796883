using System.Buffers;
using System.Buffers.Binary;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Topfive.ServiceDefaults;

/// <summary>
/// Refuses a message that says that it is too long, before its bytes are read: INVALID_ARGUMENT with the size and the limit. (gRPC's own
/// check answers RESOURCE_EXHAUSTED: that tells clients to try again later.) The messages of this service's own methods pass through
/// <see cref="RequestFrames"/>; of a method that is forwarded the first one is looked at, and the service behind looks at the rest.
/// </summary>
internal static class MessageSizeGuard
{
    public static void UseMessageSizeGuard(this WebApplication app)
    {
        var limits = app.Services.GetRequiredService<IOptions<LimitOptions>>().Value;
        var memory = app.Services.GetRequiredService<MessageMemory>();
        app.Use(async (http, next) =>
        {
            // What comes as HTTP/1.1 is no gRPC, and has no such prefix.
            var endpoint = HttpProtocol.IsHttp2(http.Request.Protocol) ? http.GetEndpoint() : null;
            if (endpoint?.Metadata.GetMetadata<GrpcMethodMetadata>() is { Method.Type: var type })
            {
                var oneMessage = type is MethodType.Unary or MethodType.ServerStreaming;
                var encoding = http.Request.Headers["grpc-encoding"].ToString();
                using var frames = new RequestFrames(http.Request.BodyReader, limits, memory, oneMessage, encoding is not ("" or "identity"));
                http.Features.Set<IRequestBodyPipeFeature>(frames);
                await next(http);
                return;
            }

            if (endpoint?.Metadata.GetMetadata<OneMessageRequest>() is not null && await RefusalAsync(http, limits) is { } refusal)
            {
                await http.RefuseGrpcAsync(refusal);
                return;
            }

            await next(http);
        });
    }

    /// <returns>Null: there is nothing against the first message so far.</returns>
    private static async ValueTask<Failure?> RefusalAsync(HttpContext http, LimitOptions limits)
    {
        var body = http.Request.BodyReader;
        await using var timer = new Timer(_ => body.CancelPendingRead(), null, limits.MessageTime, Timeout.InfiniteTimeSpan);
        var read = await body.ReadAtLeastAsync(RequestFrames.PrefixBytes, http.RequestAborted);
        long? length = read.Buffer.Length < RequestFrames.PrefixBytes ? null : LengthIn(read.Buffer);
        body.AdvanceTo(read.Buffer.Start);
        if (read.IsCanceled) return RequestFrames.Late(limits);
        return length > limits.MaxMessageBytes ? Failure.InvalidInput(RequestFrames.TooLong(length.Value, limits)) : null;
    }

    private static long LengthIn(ReadOnlySequence<byte> buffer)
    {
        Span<byte> prefix = stackalloc byte[RequestFrames.PrefixBytes];
        buffer.Slice(0, RequestFrames.PrefixBytes).CopyTo(prefix);
        return BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
    }
}

/// <summary>Marks an endpoint that is no gRPC method of this service itself, but takes one gRPC request message.</summary>
public sealed class OneMessageRequest;
