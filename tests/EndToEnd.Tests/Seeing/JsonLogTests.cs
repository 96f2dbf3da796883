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
            // It loads while it begins to listen: either may be first.
            var begun = await LinesAsync(service, "Now listening on", "is ready on");
            var address = begun[0].GetProperty("Message").GetString()!.Split(' ')[^1];
            Assert.Equal("Information", begun[1].GetProperty("LogLevel").GetString());
            Assert.InRange(begun[1].GetProperty("Timestamp").GetDateTimeOffset(), DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow);

            using var channel = GrpcChannel.ForAddress(address);
            var call = new FeatureExtraction.FeatureExtractionClient(channel).ExtractAsync(
                new ExtractRequest { Image = ByteString.CopyFromUtf8("no image") }, new Metadata { { "traceparent", $"00-{TraceId}-b7ad6b7169203331-00" } });
            var ofTheCall = await LinesAsync(service, "FeatureExtraction/Extract");
            await Assert.ThrowsAsync<RpcException>(async () => await call);

            Assert.Contains(ofTheCall[0].GetProperty("Scopes").EnumerateArray(), scope =>
                scope.TryGetProperty("TraceId", out var id) && id.GetString() == TraceId);
        }
        finally
        {
            service.Kill();
            await service.WaitForExitAsync();
        }
    }

    /// <summary>Every line up to the last of those that are looked for must be JSON.</summary>
    /// <returns>The first line with each of these texts in its message.</returns>
    private static async Task<JsonElement[]> LinesAsync(Process service, params string[] texts)
    {
        var found = new Dictionary<string, JsonElement>();
        while (found.Count < texts.Length)
        {
            var line = await service.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(1)) ?? throw new InvalidOperationException("the service ended");
            using var json = JsonDocument.Parse(line);
            var message = json.RootElement.GetProperty("Message").GetString()!;
            foreach (var text in texts.Where(text => message.Contains(text, StringComparison.Ordinal))) found.TryAdd(text, json.RootElement.Clone());
        }

        return [.. texts.Select(text => found[text])];
    }
}
