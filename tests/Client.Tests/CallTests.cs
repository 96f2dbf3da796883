using System.Text;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Topfive.Classifier.V1;
using Xunit;

namespace Topfive.Client.Tests;

public sealed class CallTests
{
    private static readonly byte[] Image = Encoding.UTF8.GetBytes("an image");

    [Fact]
    public async Task An_image_is_predicted_by_its_bytes_or_by_its_hash()
    {
        await using var gateway = await FakeGateway.StartAsync();
        using var client = gateway.Connect();
        var options = new PredictOptions { Version = 3, TopK = 2, NearestExamples = 4, AnswerUnknown = true };

        await client.PredictAsync(Image, "flowers", options);
        var answer = await client.PredictAsync(ImageHash.Of(Image), "flowers");

        Assert.Equal("flowers", answer.Head);
        var (bytes, hash) = (gateway.Rules.Predicted.First().Request, gateway.Rules.Predicted.Last().Request);
        Assert.Equal("an image", bytes.Image.ToStringUtf8());
        Assert.Equal((3, 2, 4, true), ((int)bytes.Version, bytes.TopK, bytes.NearestExamples, bytes.AnswerUnknown));
        Assert.Equal(ImageHash.Of(Image).ToByteArray(), hash.ImageHash);
        Assert.Equal((0, 0, 0, false), ((int)hash.Version, hash.TopK, hash.NearestExamples, hash.AnswerUnknown));
    }

    [Fact]
    public async Task A_call_has_the_deadline_of_the_client_or_its_own()
    {
        await using var gateway = await FakeGateway.StartAsync();
        using var client = gateway.Connect(options => options.Timeout = TimeSpan.FromMinutes(10));
        using var patient = gateway.Connect(options => options.Timeout = null);

        await client.PredictAsync(Image, "flowers");
        await client.PredictAsync(Image, "flowers", new PredictOptions { Timeout = TimeSpan.FromMinutes(30) });
        await client.Prediction.PredictAsync(new() { Head = "flowers" }, deadline: DateTime.UtcNow.AddHours(1));
        await patient.PredictAsync(Image, "flowers");

        var minutes = gateway.Rules.Predicted.Select(call => call.Deadline == DateTime.MaxValue ? double.PositiveInfinity : (call.Deadline - DateTime.UtcNow).TotalMinutes).ToArray();
        Assert.InRange(minutes[0], 5, 10.1);
        Assert.InRange(minutes[1], 25, 30.1);
        Assert.InRange(minutes[2], 55, 60.1);
        Assert.Equal(double.PositiveInfinity, minutes[3]);
    }

    [Fact]
    public async Task A_call_that_can_be_repeated_is_tried_again_when_the_gateway_is_unavailable_with_a_large_image_too()
    {
        await using var gateway = await FakeGateway.StartAsync();
        using var client = gateway.Connect();
        foreach (var _ in Enumerable.Range(0, 3)) gateway.Rules.Failures.Enqueue(Rules.Unavailable);

        await client.PredictAsync(new byte[3 << 20], "flowers");

        Assert.Equal([3 << 20, 3 << 20, 3 << 20, 3 << 20], gateway.Rules.Predicted.Select(call => call.Request.Image.Length));
    }

    [Fact]
    public async Task It_is_tried_as_often_as_told_and_no_other_status_is_tried_again()
    {
        await using var gateway = await FakeGateway.StartAsync();
        using var once = gateway.Connect(options => options.MaxAttempts = 1);
        using var client = gateway.Connect();
        gateway.Rules.Failures.Enqueue(Rules.Unavailable);
        Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => once.PredictAsync(Image, "flowers"))).StatusCode);
        gateway.Rules.Failures.Enqueue(new() { Code = (int)Code.Internal });
        Assert.Equal(StatusCode.Internal, (await Assert.ThrowsAsync<RpcException>(() => client.PredictAsync(Image, "flowers"))).StatusCode);

        Assert.Equal(2, gateway.Rules.Predicted.Count);
    }

    [Fact]
    public async Task What_must_not_happen_twice_is_not_tried_again()
    {
        await using var gateway = await FakeGateway.StartAsync();
        using var client = gateway.Connect();
        gateway.Rules.Failures.Enqueue(Rules.Unavailable);

        await Assert.ThrowsAsync<RpcException>(async () => await client.Heads.RollbackAsync(new RollbackRequest { Head = "flowers" }));

        Assert.Equal(1, gateway.Rules.Rollbacks);
    }

    [Fact]
    public async Task A_failure_says_when_to_try_again_and_the_id_of_its_trace()
    {
        await using var gateway = await FakeGateway.StartAsync();
        using var client = gateway.Connect();
        gateway.Rules.Failures.Enqueue(new()
        {
            Code = (int)Code.ResourceExhausted,
            Details =
            {
                Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(TimeSpan.FromSeconds(1.5)) }),
                Any.Pack(new RequestInfo { RequestId = "0af7651916cd43dd8448eb211c80319c" }),
            },
        });
        gateway.Rules.Failures.Enqueue(new() { Code = (int)Code.NotFound });

        var full = await Assert.ThrowsAsync<RpcException>(() => client.PredictAsync(Image, "flowers"));
        var bare = await Assert.ThrowsAsync<RpcException>(() => client.PredictAsync(Image, "flowers"));

        Assert.Equal((StatusCode.ResourceExhausted, TimeSpan.FromSeconds(1.5), "0af7651916cd43dd8448eb211c80319c"), (full.StatusCode, full.GetRetryDelay(), full.GetTraceId()));
        Assert.Equal((StatusCode.NotFound, null, null), (bare.StatusCode, bare.GetRetryDelay(), bare.GetTraceId()));
    }

    [Fact]
    public async Task Every_call_says_who_asks_by_key_or_by_a_token_that_may_be_renewed()
    {
        await using var gateway = await FakeGateway.StartAsync();
        using var keyed = gateway.Connect(options => (options.ApiKey, options.User) = ("tf_key", "Zoë"));
        using var fixedToken = gateway.Connect(options => options.Token = "jwt");
        var renewals = 0;
        using var renewed = gateway.Connect(options => options.TokenProvider = _ => new($"jwt{++renewals}"));
        using var nobody = gateway.Connect();

        foreach (var client in new[] { keyed, fixedToken, renewed, renewed, nobody }) await client.PredictAsync(Image, "flowers");

        string?[] Sent(string name) => [.. gateway.Rules.Predicted.Select(call => call.Headers.GetValue(name))];
        Assert.Equal(["tf_key", null, null, null, null], Sent("x-api-key"));
        Assert.Equal([null, "Bearer jwt", "Bearer jwt1", "Bearer jwt2", null], Sent("authorization"));
        Assert.Equal(["Zo%C3%AB", null, null, null, null], Sent("topfive-user"));
    }

    [Fact]
    public async Task Calls_go_to_several_gateways_in_turn_and_to_those_only_that_answer()
    {
        await using var first = await FakeGateway.StartAsync();
        var second = await FakeGateway.StartAsync();
        using var client = first.Connect(options => options.Address = $"{first.Address},{second.Address}");

        // Until both connections stand, calls go over the one that does.
        await Eventually.IsTrueAsync(() =>
        {
            client.PredictAsync(Image, "flowers").GetAwaiter().GetResult();
            return !first.Rules.Predicted.IsEmpty && !second.Rules.Predicted.IsEmpty;
        }, "both Gateways are asked");
        await second.DisposeAsync();
        var before = first.Rules.Predicted.Count;
        for (var i = 0; i < 20; i++) await client.PredictAsync(Image, "flowers");

        Assert.Equal(20, first.Rules.Predicted.Count - before);
    }

    [Fact]
    public async Task A_name_of_dns_is_called()
    {
        await using var gateway = await FakeGateway.StartAsync();
        using var client = gateway.Connect(options => options.Address = $"dns:///127.0.0.1:{new Uri(gateway.Address).Port}");

        await client.PredictAsync(Image, "flowers");

        Assert.Single(gateway.Rules.Predicted);
    }

    [Fact]
    public async Task Dependency_injection_makes_one_client_with_the_options()
    {
        await using var gateway = await FakeGateway.StartAsync();
        await using var services = new ServiceCollection().AddTopfive(options => (options.Address, options.ApiKey) = (gateway.Address, "tf_key")).BuildServiceProvider();

        await services.GetRequiredService<TopfiveClient>().PredictAsync(Image, "flowers");

        Assert.Equal("tf_key", gateway.Rules.Predicted.Single().Headers.GetValue("x-api-key"));
        Assert.Same(services.GetRequiredService<TopfiveClient>(), services.GetRequiredService<TopfiveClient>());
    }
}
