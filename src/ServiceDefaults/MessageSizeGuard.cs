using System.Buffers;
using System.Buffers.Binary;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Topfive.ServiceDefaults;

/// <summary>
/// Refuses a call whose first message says that it is too long, before its bytes are read: INVALID_ARGUMENT with the size
/// and the limit. (gRPC's own check answers RESOURCE_EXHAUSTED, which tells clients to try again later.)
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
            if (IsGrpc(http.Request) && await FirstMessageBytesAsync(http) is { } length && length > limits.MaxMessageBytes)
            {
                await http.RefuseGrpcAsync(StatusCode.InvalidArgument,
                    $"the message has {length:N0} bytes; at most {limits.MaxMessageBytes:N0} are accepted (an image: {limits.MaxImageBytes:N0}, Limits__MaxImageBytes)");
                return;
            }

            await next(http);
        });
    }

    private static bool IsGrpc(HttpRequest request) =>
        request.ContentType?.StartsWith("application/grpc", StringComparison.Ordinal) == true;

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
