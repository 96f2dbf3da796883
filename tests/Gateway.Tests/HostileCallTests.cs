using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using Topfive.Gateway.V1;
using Topfive.ServiceDefaults;
using Topfive.TestKit;
using Xunit;
using Prediction = Topfive.Gateway.V1.Prediction;

namespace Topfive.Gateway.Tests;

/// <summary>What attackers do with the protocol rather than with a message; RpcFuzzTests does the rest.</summary>
public sealed class HostileCallTests
{
    private const string Predict = "/topfive.gateway.v1.Prediction/Predict";
    private const string PredictStream = "/topfive.gateway.v1.Prediction/PredictStream";
    private const string GetDataset = "/topfive.classifier.v1.Datasets/GetDataset";

    private static readonly byte[] Good = RawGrpc.Frame(new PredictRequest { Head = "pets", Image = ByteString.CopyFromUtf8("photo") }.ToByteArray());
    private static readonly byte[] GoodItem = RawGrpc.Frame(new PredictStreamRequest { Head = "pets", Image = ByteString.CopyFromUtf8("photo") }.ToByteArray());

    private static readonly byte[] Hello = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0];

    public static TheoryData<string, string, byte[], string> WhatIsNoGrpc => new()
    {
        { "no message", Predict, [], "before its message" },
        { "half a prefix", Predict, [0, 0], "in the middle of a message" },
        { "half a message", Predict, Good[..^3], "3 bytes are missing" },
        { "bytes behind", Predict, [.. Good, 7], "1 bytes are no message" },
        { "two messages", Predict, [.. Good, .. Good], "more than one message" },
        { "an unknown flag", Predict, [9, .. Good[1..]], "begins with 9" },
        { "compressed and not said how", Predict, [1, .. Good[1..]], "grpc-encoding does not say how" },
        { "no protobuf", Predict, RawGrpc.Frame([0xFF, 0xFF, 0xFF]), "no PredictRequest" },
        { "a text that is none", Predict, RawGrpc.Frame([0x0A, 2, 0xC3, 0x28]), "no PredictRequest" },
        { "4 GB", Predict, RawGrpc.Frame([], length: uint.MaxValue), "4,294,967,295 bytes; at most 34,603,008" },
        { "half an item", PredictStream, [.. GoodItem, .. GoodItem[..^3]], "3 bytes are missing" },
        { "an item that is none", PredictStream, RawGrpc.Frame([0xFF, 0xFF, 0xFF]), "no PredictStreamRequest" },
        { "an item of 4 GB", PredictStream, RawGrpc.Frame([], length: uint.MaxValue), "4,294,967,295 bytes; at most 34,603,008" },
        { "a forwarded half", GetDataset, [0, 0, 0, 0, 9, 1], "8 bytes are missing" },
        { "forwarded and no protobuf", GetDataset, RawGrpc.Frame([0xFF, 0xFF, 0xFF]), "no GetDatasetRequest" },
    };

    [Theory, MemberData(nameof(WhatIsNoGrpc))]
    public async Task What_is_no_grpc_is_the_callers_fault_and_said_to_be(string what, string path, byte[] body, string message)
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var raw = new RawGrpc(gateway.Gateway.GrpcAddress());

        var answer = await raw.CallAsync(path, body);

        Assert.True(answer.Code == StatusCode.InvalidArgument && answer.Message.Contains(message, StringComparison.Ordinal), $"{what}: {answer}");
        Assert.Equal(StatusCode.OK, (await raw.CallAsync(Predict, Good)).Code);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public async Task A_compressed_bomb_is_refused_by_what_it_would_become(string encoding)
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var raw = new RawGrpc(gateway.Gateway.GrpcAddress());
        (string, string)[] headers = [("grpc-encoding", encoding)];

        var bomb = Packed(new byte[64 << 20], encoding);
        var answer = await raw.CallAsync(Predict, RawGrpc.Frame(bomb, flag: 1), headers);
        var stream = await raw.CallAsync(PredictStream, RawGrpc.Frame(bomb, flag: 1), headers);

        Assert.True(bomb.Length < 1 << 20);
        Assert.Equal((StatusCode.InvalidArgument, StatusCode.InvalidArgument), (answer.Code, stream.Code));
        Assert.Contains("34,603,008 bytes when it is decompressed", answer.Message);
        Assert.Equal(StatusCode.InvalidArgument, (await raw.CallAsync(Predict, RawGrpc.Frame([1, 2, 3], flag: 1), headers)).Code);
        Assert.Equal(StatusCode.OK, (await raw.CallAsync(Predict, RawGrpc.Frame(Packed(Good[5..], encoding), flag: 1), headers)).Code);
    }

    [Fact]
    public async Task A_message_that_does_not_come_ends_its_call_and_a_stream_may_pause_between_two()
    {
        await using var gateway = await RunningGateway.StartAsync([("Limits:MessageSeconds", "1")], [("Limits:MessageSeconds", "1")]);
        using var raw = new RawGrpc(gateway.Gateway.GrpcAddress());
        var never = new TaskCompletionSource();

        // Opened and nothing sent; a part of a prefix; a message but for its end; and the whole of it, but the call left open.
        var slow = await Task.WhenAll(new (string Path, byte[] Sent)[] { (Predict, []), (Predict, Good[..3]), (Predict, Good[..^1]), (Predict, Good), (PredictStream, GoodItem[..^1]), (GetDataset, []), (GetDataset, [0, 0, 0, 0, 9, 1]) }
            .Select(call => raw.CallAsync(call.Path, new PausedContent(call.Sent, never.Task))));
        Assert.All(slow, answer => Assert.Equal((StatusCode.Cancelled, true), (answer.Code, answer.Message.Contains("Limits__MessageSeconds", StringComparison.Ordinal))));

        using var stream = gateway.Predictions.PredictStream();
        for (var pause = 0; pause < 2; pause++)
        {
            await stream.RequestStream.WriteAsync(new PredictStreamRequest { Head = "pets", Image = ByteString.CopyFromUtf8("photo") });
            Assert.True(await stream.ResponseStream.MoveNext());
            // As long as the limit, by the clock that it is measured with.
            await Task.Delay(TimeSpan.FromSeconds(1.5));
        }

        await stream.RequestStream.CompleteAsync();
        Assert.False(await stream.ResponseStream.MoveNext());
    }

    [Fact]
    public async Task A_stream_has_as_many_messages_as_allowed_and_no_more()
    {
        await using var gateway = await RunningGateway.StartAsync(("Limits:MaxStreamMessages", "3"));
        using var raw = new RawGrpc(gateway.Gateway.GrpcAddress());

        Assert.Equal(StatusCode.OK, (await raw.CallAsync(PredictStream, [.. GoodItem, .. GoodItem, .. GoodItem])).Code);
        var answer = await raw.CallAsync(PredictStream, [.. GoodItem, .. GoodItem, .. GoodItem, .. GoodItem]);

        Assert.Equal((StatusCode.InvalidArgument, "the stream has more than 3 messages, the most that are accepted (Limits__MaxStreamMessages): begin another one"), (answer.Code, answer.Message));
    }

    [Fact]
    public async Task A_message_is_as_large_as_allowed_alone_and_in_a_stream_and_no_larger()
    {
        await using var gateway = await RunningGateway.StartAsync(("Limits:MaxImageBytes", "1000"));
        using var raw = new RawGrpc(gateway.Gateway.GrpcAddress());
        const int Largest = 1_000 + (1 << 20);
        // Ten bytes stand around the image.
        byte[] Frame(int length) => RawGrpc.Frame(new PredictStreamRequest { Head = "pets", Image = ByteString.CopyFrom(new byte[length - 10]) }.ToByteArray());

        Assert.Equal(5 + Largest, Frame(Largest).Length);
        Assert.Equal(StatusCode.OK, (await raw.CallAsync(PredictStream, Frame(Largest))).Code);
        var answer = await raw.CallAsync(PredictStream, Frame(Largest + 1));

        Assert.Equal(StatusCode.InvalidArgument, answer.Code);
        Assert.Contains("1,049,577 bytes; at most 1,049,576 are accepted (an image: 1,000, Limits__MaxImageBytes)", answer.Message);
    }

    [Fact]
    public async Task Messages_that_would_take_more_memory_than_allowed_together_are_refused_with_when_to_try_again()
    {
        await using var gateway = await RunningGateway.StartAsync(("Limits:MaxImageBytes", "1000000"), ("Limits:MaxBytesInFlight", "3000000"));
        using var raw = new RawGrpc(gateway.Gateway.GrpcAddress());
        var go = new TaskCompletionSource();
        byte[] large = RawGrpc.Frame(new PredictRequest { Head = "pets", Image = ByteString.CopyFrom([(byte)'p', .. new byte[1_900_000]]) }.ToByteArray());
        var memory = gateway.Gateway.Services.GetService(typeof(MessageMemory)) as MessageMemory;

        var held = raw.CallAsync(Predict, new PausedContent(large[..^1], go.Task, large[^1..]));
        for (var patience = DateTime.UtcNow.AddSeconds(30); memory!.Taken < large.Length - 1; await Task.Delay(20)) Assert.True(DateTime.UtcNow < patience, "it does not arrive");
        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await gateway.Predictions.PredictAsync(new PredictRequest { Head = "pets", Image = ByteString.CopyFrom(large) }));
        Assert.Equal(StatusCode.OK, (await raw.CallAsync(Predict, Good)).Code);
        go.SetResult();

        Assert.Equal(StatusCode.ResourceExhausted, refusal.StatusCode);
        Assert.Contains("Limits__MaxBytesInFlight", refusal.Status.Detail);
        Assert.True(refusal.GetRpcStatus()!.GetDetail<RetryInfo>()!.RetryDelay.ToTimeSpan() > TimeSpan.Zero);
        Assert.Equal(StatusCode.OK, (await held).Code);
        Assert.Equal(StatusCode.OK, (await raw.CallAsync(Predict, large)).Code);
        for (var patience = DateTime.UtcNow.AddSeconds(30); memory.Taken > 0; await Task.Delay(20)) Assert.True(DateTime.UtcNow < patience, $"{memory.Taken} bytes are held by no call");
    }

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

    [Fact]
    public async Task New_names_are_as_long_and_of_such_characters_as_the_operator_allows()
    {
        await using var gateway = await RunningGateway.StartAsync(("Limits:MaxNameLength", "8"), ("Limits:NamePattern", "[a-z-]+"));

        async Task<string> IngestAsync(string dataset, string label)
        {
            using var stream = gateway.Ingestions.Ingest();
            await stream.RequestStream.WriteAsync(new LabeledImage { Dataset = dataset, Label = label, Image = ByteString.CopyFromUtf8("photo") });
            await stream.RequestStream.CompleteAsync();
            return (await stream.ResponseStream.ReadAllAsync().SingleAsync()).Error?.Message ?? "";
        }

        Assert.Equal("", await IngestAsync("eight-ch", "cat"));
        Assert.Contains("has 9 characters; a new name has 1 to 8 here (Limits__MaxNameLength)", await IngestAsync("nine-char", "cat"));
        Assert.Contains("label 'Cat' is no name that is allowed here: new names match [a-z-]+ (Limits__NamePattern)", await IngestAsync("pets", "Cat"));
        Assert.Contains("Limits__NamePattern", await IngestAsync("pets", "cat\u2028"));
    }

    [Theory]
    [InlineData("(a", "(a")]
    [InlineData("a(?=b)", "NonBacktracking")]
    public async Task A_pattern_that_could_not_be_used_stops_the_start(string pattern, string message)
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(() => RunningGateway.StartAsync(("Limits:NamePattern", pattern)));

        Assert.Contains("Limits__NamePattern", error.Message);
        Assert.Contains(message, error.Message);
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
        for (var patience = DateTime.UtcNow.AddSeconds(30); ; await Task.Delay(50))
        {
            var inFlight = (await Scrape.OfAsync(gateway.Gateway.HttpAddress())).Sum("topfive_calls_in_flight");
            if (memory.Taken == 0 && inFlight == 0) return;
            Assert.True(DateTime.UtcNow < patience, $"{memory.Taken} bytes and {inFlight} calls are left behind");
        }
    }

    [Fact]
    public async Task Metadata_that_is_called_binary_and_is_not_base64_harms_no_call()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var raw = new RawGrpc(gateway.Gateway.GrpcAddress());

        Assert.Equal(StatusCode.OK, (await raw.CallAsync(Predict, Good, [("broken-bin", "not base64!")])).Code);
    }

    [Fact]
    public async Task An_error_that_repeats_what_the_caller_sent_is_cut_to_what_headers_hold()
    {
        await using var gateway = await RunningGateway.StartAsync();
        var head = string.Concat(Enumerable.Repeat("👩", 100_000));

        var error = await Assert.ThrowsAsync<RpcException>(async () => await gateway.Predictions.PredictAsync(new PredictRequest { Head = head, Image = ByteString.CopyFromUtf8("photo") }));

        Assert.Equal(StatusCode.NotFound, error.StatusCode);
        Assert.StartsWith("head '👩", error.Status.Detail);
        Assert.InRange(error.Status.Detail.Length, FailureTable.MaxMessageLength - 1, FailureTable.MaxMessageLength);
        Assert.DoesNotContain('\uFFFD', error.Status.Detail);
    }

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

    private static byte[] Packed(byte[] bytes, string encoding)
    {
        using var packed = new MemoryStream();
        using (Stream packing = encoding == "gzip" ? new GZipStream(packed, CompressionLevel.Fastest) : new ZLibStream(packed, CompressionLevel.Fastest)) packing.Write(bytes);
        return packed.ToArray();
    }

    /// <summary>Sends a part, waits, sends the rest.</summary>
    private sealed class PausedContent(byte[] first, Task pause, byte[]? rest = null) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await stream.WriteAsync(first, cancellationToken);
            await stream.FlushAsync(cancellationToken);
            await pause.WaitAsync(cancellationToken);
            await stream.WriteAsync(rest ?? [], cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
