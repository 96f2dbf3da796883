using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Topfive.Gateway.V1;
using Topfive.ServiceDefaults;
using Topfive.TestKit;
using Xunit;
using Prediction = Topfive.Gateway.V1.Prediction;

namespace Topfive.Gateway.Tests;

/// <summary>What attackers do with connections, headers and other protocols.</summary>
public sealed class HostileConnectionTests
{
    private const string Predict = "/topfive.gateway.v1.Prediction/Predict";
    private const string PredictStream = "/topfive.gateway.v1.Prediction/PredictStream";

    private static readonly byte[] Good = RawGrpc.Frame(new PredictRequest { Head = "pets", Image = ByteString.CopyFromUtf8("photo") }.ToByteArray());

    private static readonly byte[] Hello = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0];

    [Fact]
    public async Task Connections_beyond_the_limit_are_closed_and_probes_are_answered_all_the_same()
    {
        await using var gateway = await RunningGateway.StartAsync(("Limits:MaxConnections", "3"));
        await gateway.Predictions.PredictAsync(new PredictRequest { Head = "pets", Image = ByteString.CopyFromUtf8("photo") });
        var port = gateway.Gateway.GrpcAddress().Port;
        var idle = new List<TcpClient>();
        for (var i = 0; i < 2; i++)
        {
            idle.Add(new TcpClient());
            await idle[^1].ConnectAsync(IPAddress.Loopback, port);
            // HTTP/2's first words and an empty SETTINGS frame; Kestrel's answer says that it has the connection.
            await idle[^1].GetStream().WriteAsync(Hello);
            Assert.True(await idle[^1].GetStream().ReadAsync(new byte[9]) > 0);
        }

        using var fourth = new TcpClient();
        Assert.True(await RefusedAsync(fourth, port), "the fourth connection is open");
        using var http = new HttpClient();
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri(gateway.Gateway.HttpAddress(), "/healthz/live"))).StatusCode);
        await gateway.Predictions.PredictAsync(new PredictRequest { Head = "pets", Image = ByteString.CopyFromUtf8("photo") });

        idle.ForEach(connection => connection.Dispose());
        await WithinAsync(async () =>
        {
            using var another = GrpcChannel.ForAddress(gateway.Gateway.GrpcAddress());
            await new Prediction.PredictionClient(another).PredictAsync(new PredictRequest { Head = "pets", Image = ByteString.CopyFromUtf8("photo") });
        });
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/grpc-web")]
    [InlineData("application/grpc-web-text")]
    [InlineData("application/json")]
    [InlineData("")]
    public async Task What_does_not_say_that_it_is_grpc_reaches_no_method(string contentType)
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var raw = new RawGrpc(gateway.Gateway.GrpcAddress());

        var answer = await raw.CallAsync(Predict, Good, [("content-type", contentType)]);

        Assert.True(answer.Code != StatusCode.OK && answer.Messages.Count == 0, $"{answer}");
        Assert.Equal(0, gateway.Fake.Asked);
    }

    [Fact]
    public async Task Metadata_beyond_Kestrels_limit_is_refused_and_the_next_call_is_answered()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var raw = new RawGrpc(gateway.Gateway.GrpcAddress());

        RawGrpc.Answer? answer = null;
        try
        {
            answer = await raw.CallAsync(Predict, Good, Enumerable.Range(0, 50).Select(i => ($"x-{i}", new string('m', 2_000))));
        }
        catch (HttpRequestException)
        {
            // The stream or the connection is closed.
        }

        Assert.NotEqual(StatusCode.OK, answer?.Code);
        Assert.Equal(StatusCode.OK, (await raw.CallAsync(Predict, Good)).Code);
    }

    [Fact]
    public async Task Http_1_is_not_spoken_where_grpc_is()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var http = new HttpClient();

        var succeeded = false;
        try
        {
            using var answer = await http.PostAsync(new Uri(gateway.Gateway.GrpcAddress(), Predict), new ByteArrayContent(Good));
            succeeded = answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            // Closed.
        }

        Assert.False(succeeded);
        Assert.Equal(0, gateway.Fake.Asked);
    }

    [Fact]
    public async Task Calls_that_are_reset_as_soon_as_they_are_made_leave_nothing_behind()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var raw = new RawGrpc(gateway.Gateway.GrpcAddress());
        var memory = (MessageMemory)gateway.Gateway.Services.GetService(typeof(MessageMemory))!;

        for (var round = 0; round < 20; round++)
        {
            using var stop = new CancellationTokenSource();
            var calls = Enumerable.Range(0, 50).Select(_ => raw.CallAsync(Predict, new PausedContent(Good[..^1], new TaskCompletionSource().Task), stop: stop.Token)).ToList();
            await stop.CancelAsync();
            foreach (var call in calls)
            {
                var ended = await Record.ExceptionAsync(() => call);
                Assert.True(ended is OperationCanceledException or HttpRequestException, $"{ended}");
            }
        }

        await WithinAsync(async () => Assert.Equal(StatusCode.OK, (await raw.CallAsync(Predict, Good)).Code));
        await UnderWayAsync(gateway, 0);
        Assert.Equal(0, memory.Taken);
    }

    [Fact]
    public async Task Metadata_that_is_called_binary_and_is_not_base64_harms_no_call()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var raw = new RawGrpc(gateway.Gateway.GrpcAddress());

        Assert.Equal(StatusCode.OK, (await raw.CallAsync(Predict, Good, [("broken-bin", "not base64!")])).Code);
    }

    [Fact]
    public async Task Callers_who_go_before_their_messages_are_read_are_no_failures_in_the_log()
    {
        using var log = new AllOfTheLog();
        await using var gateway = await RunningGateway.StartAsync(("Logging:LogLevel:Grpc", "Warning"));
        gateway.Gateway.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);

        // What is read of a connection after it is gone is a matter of moments: many of them.
        for (var round = 0; round < 40; round++)
        {
            using var raw = new RawGrpc(gateway.Gateway.GrpcAddress());
            Assert.Equal(StatusCode.OK, (await raw.CallAsync(Predict, Good)).Code);
            var calls = Enumerable.Range(0, 50).Select(i => Task.Run(() => raw.CallAsync(i % 2 == 0 ? Predict : PredictStream, Good))).ToList();
            await Task.WhenAny(calls);
            raw.Reset();
            foreach (var call in calls) await Record.ExceptionAsync(() => call);
        }

        await UnderWayAsync(gateway, 0);
        Assert.DoesNotContain(log.Lines, line => line.Contains("   at ", StringComparison.Ordinal));
    }

    private static Task UnderWayAsync(RunningGateway gateway, int calls) => Eventually.TrueAsync($"{calls} calls are under way", async () =>
        (await Scrape.OfAsync(gateway.Gateway.HttpAddress())).Sum("topfive_calls_in_flight") == calls);

    private static async Task<bool> RefusedAsync(TcpClient connection, int port)
    {
        try
        {
            await connection.ConnectAsync(IPAddress.Loopback, port);
        }
        catch (SocketException)
        {
            return true;
        }

        return await ClosedAsync(connection);
    }

    private static async Task<bool> ClosedAsync(TcpClient connection)
    {
        try
        {
            return await connection.GetStream().ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromSeconds(30)) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static async Task WithinAsync(Func<Task> works)
    {
        for (var patience = DateTime.UtcNow.AddSeconds(30); ; await Task.Delay(50))
        {
            try
            {
                await works();
                return;
            }
            catch (Exception exception) when (exception is RpcException or HttpRequestException && DateTime.UtcNow < patience)
            {
                // The connection is not closed yet.
            }
        }
    }
}
