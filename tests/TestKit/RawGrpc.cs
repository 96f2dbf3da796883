using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Grpc.Core;

namespace Topfive.TestKit;

/// <summary>gRPC by hand over HTTP/2: any path, any bytes for a body, any headers.</summary>
public sealed class RawGrpc : IDisposable
{
    private readonly Uri _address;
    private readonly HttpClient _http;
    private readonly ConcurrentBag<Socket> _connections = [];

    /// <param name="address">Of the gRPC port.</param>
    public RawGrpc(Uri address)
    {
        _address = address;
        _http = new(new SocketsHttpHandler { EnableMultipleHttp2Connections = true, ConnectCallback = ConnectAsync }) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <param name="Code">Null: there was none.</param>
    /// <param name="Message">With it; or what HTTP answered.</param>
    /// <param name="Messages">What was answered before it.</param>
    public readonly record struct Answer(StatusCode? Code, string Message, IReadOnlyList<byte[]> Messages);

    /// <returns>A message with its prefix.</returns>
    public static byte[] Frame(ReadOnlySpan<byte> message, byte flag = 0, uint? length = null)
    {
        var frame = new byte[5 + message.Length];
        frame[0] = flag;
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), length ?? (uint)message.Length);
        message.CopyTo(frame.AsSpan(5));
        return frame;
    }

    /// <param name="path">/package.Service/Method.</param>
    /// <param name="body">All of it, with prefixes.</param>
    /// <param name="headers">Besides content-type and te; of a name that is there already the value counts.</param>
    /// <param name="stop">Ends the call as a caller does who hangs up.</param>
    public Task<Answer> CallAsync(string path, byte[] body, IEnumerable<(string Name, string Value)>? headers = null, CancellationToken stop = default) =>
        CallAsync(path, new ByteArrayContent(body), headers, stop);

    /// <param name="path">/package.Service/Method.</param>
    /// <param name="body">Sent as it is, at its own pace.</param>
    /// <param name="headers">Besides content-type and te; of a name that is there already the value counts.</param>
    /// <param name="stop">Ends the call as a caller does who hangs up; nothing is waited for longer than a minute.</param>
    public async Task<Answer> CallAsync(string path, HttpContent body, IEnumerable<(string Name, string Value)>? headers = null, CancellationToken stop = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_address, path))
        {
            Content = body,
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        body.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TryAddWithoutValidation("te", "trailers");
        foreach (var (name, value) in headers ?? [])
        {
            if (name == "content-type") body.Headers.ContentType = value.Length == 0 ? null : MediaTypeHeaderValue.Parse(value);
            else request.Headers.TryAddWithoutValidation(name, value);
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(TimeSpan.FromMinutes(1));
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
        var answered = await response.Content.ReadAsByteArrayAsync(patience.Token);
        HttpHeaders[] all = [response.TrailingHeaders, response.Headers];
        var with = all.FirstOrDefault(some => some.Contains("grpc-status"));
        if (with is null) return new(null, $"HTTP {(int)response.StatusCode}", []);
        return new(
            (StatusCode)int.Parse(with.GetValues("grpc-status").First()),
            with.TryGetValues("grpc-message", out var text) ? Uri.UnescapeDataString(text.First()) : "",
            [.. Messages(answered)]);
    }

    /// <summary>As when a caller's machine is switched off and its network says so: no farewell, what is on its way is lost.</summary>
    public void Reset()
    {
        foreach (var connection in _connections)
        {
            connection.LingerState = new LingerOption(true, 0);
            connection.Close();
        }
    }

    public void Dispose() => _http.Dispose();

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken stop)
    {
        var connection = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await connection.ConnectAsync(context.DnsEndPoint, stop);
        _connections.Add(connection);
        return new NetworkStream(connection, ownsSocket: true);
    }

    private static IEnumerable<byte[]> Messages(byte[] bytes)
    {
        for (var at = 0; at + 5 <= bytes.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 1));
            yield return bytes[(at + 5)..(at + 5 + length)];
            at += 5 + length;
        }
    }
}
