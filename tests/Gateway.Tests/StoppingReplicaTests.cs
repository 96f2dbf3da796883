using System.Net.Sockets;
using Google.Protobuf;
using Topfive.Gateway.V1;
using Topfive.ServiceDefaults;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Gateway.Tests;

/// <summary>
/// A replica that is stopping keeps the connection on which it still answers a call, and takes no other: gRPC holds it for ready as long.
/// </summary>
public sealed class StoppingReplicaTests
{
    [Fact]
    public async Task No_call_fails_while_one_of_two_replicas_finishes_what_it_has_begun()
    {
        var stopping = new FakeDownstreams();
        await using var replica = await stopping.StartAsync();
        await using var gateway = await RunningGateway.StartAsync();
        await using var both = await RunningGateway.StartAsync(
            ("Services:Features", $"{gateway.Downstream.GrpcAddress()},{replica.GrpcAddress()}"),
            ("Services:Classifier", $"{gateway.Downstream.GrpcAddress()},{replica.GrpcAddress()}"));
        var begun = await HoldAsync(both, stopping);
        var stop = replica.StopAsync(TestContext.Current.CancellationToken);
        await ClosedAsync(replica.GrpcAddress());

        for (var i = 0; i < 200; i++)
        {
            var predicted = await both.Predictions.PredictAsync(new PredictRequest { Head = "pets", Image = ByteString.CopyFromUtf8($"photo {i}") });
            Assert.Equal("cat", predicted.Predictions[0].Label);
        }

        stopping.Slow.SetResult();
        gateway.Fake.Slow.SetResult();
        await Task.WhenAll(begun);
        await stop;
    }

    /// <summary>Slow calls, until one of them is at the replica that is to stop.</summary>
    private static async Task<List<Task>> HoldAsync(RunningGateway gateway, FakeDownstreams replica)
    {
        var begun = new List<Task>();
        await Eventually.TrueAsync("a call is at the replica that is to stop", () =>
        {
            begun.Add(gateway.Predictions.PredictAsync(new PredictRequest { Head = "slow", Image = ByteString.CopyFromUtf8("photo") }).ResponseAsync);
            return Task.FromResult(replica.AskedSlowly > 0);
        });
        return begun;
    }

    private static Task ClosedAsync(Uri address) => Eventually.TrueAsync($"{address} is closed", async () =>
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(address.Host, address.Port);
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    });
}
