using System.Collections.Concurrent;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.Gateway.V1;
using Xunit;
using Status = Google.Rpc.Status;

namespace Topfive.Gateway.Tests;

public sealed class TraceIdTests
{
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";

    private static readonly Metadata Traced = new() { { "traceparent", $"00-{TraceId}-b7ad6b7169203331-01" } };

    [Fact]
    public async Task Every_error_has_the_id_of_the_callers_trace_whoever_refused_the_call()
    {
        await using var gateway = await RunningGateway.StartAsync(("Limits:MaxImageBytes", "1000"));
        await using var alone = await RunningGateway.StartAsync(("Services:Classifier", "http://127.0.0.1:1"));
        var image = ByteString.CopyFromUtf8("photo");
        (StatusCode Code, Func<Task> Call)[] failures =
        [
            (StatusCode.InvalidArgument, async () => await gateway.Predictions.PredictAsync(new PredictRequest { Head = "pets" }, Traced)),
            (StatusCode.NotFound, async () => await gateway.Predictions.PredictAsync(new PredictRequest { Head = "unknown", Image = image }, Traced)),
            (StatusCode.NotFound, async () => await new Datasets.DatasetsClient(gateway.Channel).GetDatasetAsync(new GetDatasetRequest { Dataset = "dogs" }, Traced)),
            (StatusCode.Unimplemented, async () => await new Heads.HeadsClient(gateway.Channel).RollbackAsync(new RollbackRequest(), Traced)),
            (StatusCode.InvalidArgument, async () => await gateway.Predictions.PredictAsync(new PredictRequest { Head = "pets", Image = ByteString.CopyFrom(new byte[2_000_000]) }, Traced)),
            (StatusCode.Unavailable, async () => await new Datasets.DatasetsClient(alone.Channel).GetDatasetAsync(new GetDatasetRequest { Dataset = "dogs" }, Traced)),
            (StatusCode.Unavailable, async () => await alone.Predictions.PredictAsync(new PredictRequest { Head = "pets", Image = image }, Traced)),
        ];

        foreach (var (code, call) in failures)
        {
            var error = await Assert.ThrowsAsync<RpcException>(call);
            Assert.Equal((code, TraceId), (error.StatusCode, IdOf(error.GetRpcStatus())));
            Assert.Equal(error.Status.Detail, error.GetRpcStatus()!.Message);
        }
    }

    [Fact]
    public async Task Every_failed_item_of_a_stream_has_the_id_of_the_stream()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var stream = gateway.Predictions.PredictStream(Traced);

        foreach (var image in new[] { "photo", "x1", "x2" })
        {
            await stream.RequestStream.WriteAsync(new PredictStreamRequest { Id = image, Head = "pets", Image = ByteString.CopyFromUtf8(image) });
        }

        await stream.RequestStream.CompleteAsync();
        var answers = await stream.ResponseStream.ReadAllAsync().ToListAsync();

        Assert.Equal(["x1", "x2"], answers.Where(answer => answer.Error is not null).Select(answer => answer.Id).Order());
        Assert.All(answers.Where(answer => answer.Error is not null), answer => Assert.Equal(TraceId, IdOf(answer.Error)));
    }

    [Fact]
    public async Task What_a_caller_is_not_told_stands_in_the_log_beside_the_id_that_the_caller_is_told()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var log = new Log();
        gateway.Downstream.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);

        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await gateway.Predictions.PredictAsync(new PredictRequest { Head = "pets", Image = ByteString.CopyFromUtf8("bug") }, Traced));

        Assert.Equal((StatusCode.Internal, TraceId), (error.StatusCode, IdOf(error.GetRpcStatus())));
        Assert.Contains(TraceId, error.Status.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("a bug", error.Status.Detail, StringComparison.Ordinal);
        var (message, exception) = Assert.Single(log.Errors);
        Assert.Contains(TraceId, message, StringComparison.Ordinal);
        Assert.Equal("a bug", exception?.Message);
    }

    private static string? IdOf(Status? status) => status?.GetDetail<RequestInfo>()?.RequestId;

    private sealed class Log : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<(string Message, Exception? Exception)> Errors { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Error) Errors.Enqueue((formatter(state, exception), exception));
        }

        public void Dispose()
        {
        }
    }
}
