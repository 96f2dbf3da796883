using Google.Protobuf;
using Grpc.Net.Client;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.Gateway.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary><c>topfive up</c> as the process that it is in real life, killed as real life kills.</summary>
public sealed class KillTests
{
    [Fact]
    public async Task What_was_answered_a_second_before_a_kill_9_is_there_after_it()
    {
        using var directory = new TempDirectory();
        var photo = ByteString.CopyFrom((await TestPhotos.AllAsync())[4].ReadBytes());

        ExtractResponse before;
        PredictResponse predicted;
        await using (var up = await UpProcess.StartAsync(directory.Path))
        {
            before = await up.Features.ExtractAsync(new ExtractRequest { Image = photo });
            predicted = await up.Predictions.PredictAsync(new PredictRequest { Head = "inception_v3", Image = photo });
            await Task.Delay(TimeSpan.FromSeconds(1));
            await up.KillAsync();
        }

        await using (var up = await UpProcess.StartAsync(directory.Path))
        {
            var after = await up.Features.ExtractAsync(new ExtractRequest { ImageHash = before.ImageHash });
            var again = await up.Predictions.PredictAsync(new PredictRequest { Head = "inception_v3", ImageHash = before.ImageHash });
            Assert.Equal(Source.Computed, before.Source);
            Assert.Equal(Source.Store, after.Source);
            Assert.Equal(before.Vector, after.Vector);
            Assert.Equal(predicted.Predictions, again.Predictions);
        }
    }
}

internal sealed class UpProcess : IAsyncDisposable
{
    private readonly ServiceProcess _process;
    private readonly GrpcChannel _channel;

    private UpProcess(ServiceProcess process)
    {
        _process = process;
        _channel = GrpcChannel.ForAddress(process.Address);
    }

    public Uri Gateway => _process.Address;

    public Datasets.DatasetsClient Datasets => new(_channel);

    public FeatureExtraction.FeatureExtractionClient Features => new(_channel);

    public Topfive.Gateway.V1.Prediction.PredictionClient Predictions => new(_channel);

    public Ingestion.IngestionClient Ingestions => new(_channel);

    public Training.TrainingClient Training => new(_channel);

    /// <param name="dataDirectory">Of the embedded store and the log.</param>
    /// <param name="settings">Environment variables; a value of null takes one away.</param>
    /// <param name="model">Null: the real backbone.</param>
    public static async Task<UpProcess> StartAsync(string dataDirectory, Dictionary<string, string?>? settings = null, string? model = null) =>
        new(await ServiceProcess.StartAsync(
            "topfive", ["up", "--port", "0", "--data", dataDirectory, "--model", model ?? await TestBackbone.ModelAsync()], ServiceProcess.Gateway, settings));

    public Task KillAsync() => _process.KillAsync();

    /// <returns>Its exit code, and what it said on standard error in its life.</returns>
    public Task<(int ExitCode, string Errors)> StopAsync() => _process.StopAsync();

    public ValueTask DisposeAsync()
    {
        _channel.Dispose();
        return _process.DisposeAsync();
    }
}
