using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;

namespace Topfive.Gateway.Tests;

/// <summary>A gRPC call of any path at all, with an empty message.</summary>
internal sealed class RawCall(Uri address) : IDisposable
{
    private readonly HttpClient _http = new();

    /// <returns>The status of an answer that has nothing else; OK where there is more of it.</returns>
    public async Task<(StatusCode Code, string Message)> StatusAsync(string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address, path))
        {
            Content = new ByteArrayContent(new byte[5]),
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TryAddWithoutValidation("te", "trailers");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop.Token);
        return answer.Headers.TryGetValues("grpc-status", out var status)
            ? ((StatusCode)int.Parse(status.Single()), Uri.UnescapeDataString(answer.Headers.TryGetValues("grpc-message", out var message) ? message.Single() : ""))
            : (answer.IsSuccessStatusCode ? StatusCode.OK : StatusCode.Unknown, $"{answer.StatusCode}");
    }

    public void Dispose() => _http.Dispose();
}
