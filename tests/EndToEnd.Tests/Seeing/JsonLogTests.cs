using System.Diagnostics;
using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Topfive.Features.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

public sealed class JsonLogTests
{
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";

    [Theory]
    [InlineData("Logging__Console__FormatterName", "json")]
    [InlineData("DOTNET_RUNNING_IN_CONTAINER", "true")]
    public async Task Log_lines_are_json_and_those_of_a_call_have_its_trace_id(string setting, string value)
    {
        using var directory = new TempDirectory();
        using var service = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Topfive.FeatureService"))
        {
            RedirectStandardOutput = true,
            Environment =
            {
                [setting] = value,
                ["Listen__GrpcPort"] = "0",
                ["Listen__HttpPort"] = "0",
                ["Backbone__Model"] = SmallBackbone.Write(directory.File("small.onnx")),
                ["Store__ConnectionString"] = "127.0.0.1:1",
                ["Logging__LogLevel__Microsoft.AspNetCore.Routing"] = "Information",
            },
        })!;
        try
        {
            using var listening = await LineAsync(service, message => message.StartsWith("Now listening on", StringComparison.Ordinal));
            var address = listening.RootElement.GetProperty("Message").GetString()!.Split(' ')[^1];
            using var ready = await LineAsync(service, message => message.Contains("is ready on", StringComparison.Ordinal));
            Assert.Equal("Information", ready.RootElement.GetProperty("LogLevel").GetString());
            Assert.InRange(ready.RootElement.GetProperty("Timestamp").GetDateTimeOffset(), DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow);

            using var channel = GrpcChannel.ForAddress(address);
            var call = new FeatureExtraction.FeatureExtractionClient(channel).ExtractAsync(
                new ExtractRequest { Image = ByteString.CopyFromUtf8("no image") }, new Metadata { { "traceparent", $"00-{TraceId}-b7ad6b7169203331-00" } });
            using var ofTheCall = await LineAsync(service, message => message.Contains("FeatureExtraction/Extract", StringComparison.Ordinal));
            await Assert.ThrowsAsync<RpcException>(async () => await call);

            Assert.Contains(ofTheCall.RootElement.GetProperty("Scopes").EnumerateArray(), scope =>
                scope.TryGetProperty("TraceId", out var id) && id.GetString() == TraceId);
        }
        finally
        {
            service.Kill();
            await service.WaitForExitAsync();
        }
    }

    /// <summary>Every line up to the one that is looked for must be JSON.</summary>
    private static async Task<JsonDocument> LineAsync(Process service, Predicate<string> isIt)
    {
        while (await service.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(1)) is { } line)
        {
            var json = JsonDocument.Parse(line);
            if (isIt(json.RootElement.GetProperty("Message").GetString()!)) return json;
            json.Dispose();
        }

        throw new InvalidOperationException("the service ended");
    }
}
