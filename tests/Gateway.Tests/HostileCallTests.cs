using System.IO.Compression;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Topfive.Gateway.V1;
using Topfive.ServiceDefaults;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Gateway.Tests;

/// <summary>What attackers do with the protocol rather than with a message; RpcFuzzTests does the rest.</summary>
public sealed class HostileCallTests
{
    private const string Predict = "/topfive.gateway.v1.Prediction/Predict";
    private const string PredictStream = "/topfive.gateway.v1.Prediction/PredictStream";
    private const string GetDataset = "/topfive.classifier.v1.Datasets/GetDataset";

    private static readonly byte[] Good = RawGrpc.Frame(new PredictRequest { Head = "pets", Image = ByteString.CopyFromUtf8("photo") }.ToByteArray());
    private static readonly byte[] GoodItem = RawGrpc.Frame(new PredictStreamRequest { Head = "pets", Image = ByteString.CopyFromUtf8("photo") }.ToByteArray());

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

    private static byte[] Packed(byte[] bytes, string encoding)
    {
        using var packed = new MemoryStream();
        using (Stream packing = encoding == "gzip" ? new GZipStream(packed, CompressionLevel.Fastest) : new ZLibStream(packed, CompressionLevel.Fastest)) packing.Write(bytes);
        return packed.ToArray();
    }
}
