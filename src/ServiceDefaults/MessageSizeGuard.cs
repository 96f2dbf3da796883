using System.Buffers;
using System.Buffers.Binary;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Topfive.ServiceDefaults;

/// <summary>
/// Refuses a call whose one request message says that it is too long, before its bytes are read: INVALID_ARGUMENT with the
/// size and the limit. (gRPC's own check, which is left to guard streams, answers RESOURCE_EXHAUSTED: that tells clients to
/// try again later.)
/// </summary>
internal static class MessageSizeGuard
{
    // gRPC over HTTP/2 frames a message as: one byte "compressed", four bytes length, big-endian.
    private const int PrefixBytes = 5;

    public static void UseMessageSizeGuard(this WebApplication app)
    {
        var limits = app.Services.GetRequiredService<IOptions<LimitOptions>>().Value;
        app.Use(async (http, next) =>
        {
            // What came as JSON has no such prefix.
            if (HttpProtocol.IsHttp2(http.Request.Protocol) && SendsOneMessage(http.GetEndpoint()) && await FirstMessageBytesAsync(http) is { } length && length > limits.MaxMessageBytes)
            {
                await http.RefuseGrpcAsync(StatusCode.InvalidArgument,
                    $"the message has {length:N0} bytes; at most {limits.MaxMessageBytes:N0} are accepted (an image: {limits.MaxImageBytes:N0}, Limits__MaxImageBytes)");
                return;
            }

            await next(http);
        });
    }

    /// <summary>A caller that streams may wait for an answer before it sends anything: its first message is not waited for.</summary>
    private static bool SendsOneMessage(Endpoint? endpoint) =>
        endpoint?.Metadata.GetMetadata<OneMessageRequest>() is not null
        || endpoint?.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method.Type is MethodType.Unary or MethodType.ServerStreaming;

    /// <returns>Null when the request ends before its first message.</returns>
    private static async ValueTask<long?> FirstMessageBytesAsync(HttpContext http)
    {
        var body = http.Request.BodyReader;
        var read = await body.ReadAtLeastAsync(PrefixBytes, http.RequestAborted);
        long? length = read.Buffer.Length < PrefixBytes ? null : LengthIn(read.Buffer);
        body.AdvanceTo(read.Buffer.Start);
        return length;
    }

    private static long LengthIn(ReadOnlySequence<byte> buffer)
    {
        Span<byte> prefix = stackalloc byte[PrefixBytes];
        buffer.Slice(0, PrefixBytes).CopyTo(prefix);
        return BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
    }
}

/// <summary>Marks an endpoint that is no gRPC method of this service itself, but takes one gRPC request message.</summary>
public sealed class OneMessageRequest;
