using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Google.Protobuf;

namespace Topfive.Bench;

/// <summary>nghttp2's load generator, written in C: it takes little of the cores that the server runs on.</summary>
internal static partial class H2Load
{
    private const int Connections = 2;
    private const int StreamsAConnection = 16;

    public static bool IsThere => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "h2load")));

    /// <returns>Calls a second, each with the same request.</returns>
    public static async Task<double> RateAsync(Uri server, string method, IMessage request, TimeSpan duration)
    {
        var body = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(body, Frame(request));
            using var process = Process.Start(new ProcessStartInfo(
                "h2load",
                ["-D", duration.TotalSeconds.ToString(CultureInfo.InvariantCulture), "-c", $"{Connections}", "-m", $"{StreamsAConnection}", "-d", body,
                    "-H", "content-type: application/grpc", "-H", "te: trailers", new Uri(server, method).AbsoluteUri])
            { RedirectStandardOutput = true })!;
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            return RequestsASecond.Match(output) is { Success: true } match && output.Contains(" 0 failed", StringComparison.Ordinal)
                ? double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)
                : throw new InvalidOperationException($"h2load: {output}");
        }
        finally
        {
            File.Delete(body);
        }
    }

    [GeneratedRegex(@"finished in .*?, ([0-9.]+) req/s")]
    private static partial Regex RequestsASecond { get; }

    /// <summary>As gRPC puts a message on the wire: not compressed, its length, itself.</summary>
    private static byte[] Frame(IMessage request)
    {
        var frame = new byte[5 + request.CalculateSize()];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), frame.Length - 5);
        request.WriteTo(frame.AsSpan(5));
        return frame;
    }
}
