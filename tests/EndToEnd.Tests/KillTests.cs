using System.Diagnostics;
using System.Text.RegularExpressions;
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

internal sealed partial class UpProcess : IAsyncDisposable
{
    private readonly Process _process;
    private GrpcChannel? _channel;

    private UpProcess(Process process) => _process = process;

    public Uri Gateway { get; private set; } = null!;

    public Datasets.DatasetsClient Datasets => new(_channel);

    public FeatureExtraction.FeatureExtractionClient Features => new(_channel);

    public Topfive.Gateway.V1.Prediction.PredictionClient Predictions => new(_channel);

    /// <param name="dataDirectory">Of the embedded store and the log.</param>
    /// <param name="settings">Environment variables; a value of null takes one away.</param>
    public static async Task<UpProcess> StartAsync(string dataDirectory, Dictionary<string, string?>? settings = null)
    {
        var start = new ProcessStartInfo("dotnet",
        [
            Path.Combine(AppContext.BaseDirectory, "topfive.dll"), "up",
            "--port", "0", "--data", dataDirectory, "--model", await TestBackbone.ModelAsync(),
        ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in settings ?? [])
        {
            start.Environment[name] = value;
        }

        var up = new UpProcess(Process.Start(start)!);
        try
        {
            var errors = up._process.StandardError.ReadToEndAsync();
            while (await up._process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(2)) is { } line)
            {
                if (GatewayLine().Match(line) is { Success: true } match)
                {
                    up.Gateway = new Uri(match.Groups[1].Value);
                    up._channel = GrpcChannel.ForAddress(up.Gateway);
                    return up;
                }
            }

            throw new InvalidOperationException($"topfive up ended: {await errors}");
        }
        catch
        {
            await up.DisposeAsync();
            throw;
        }
    }

    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    [GeneratedRegex(@"Gateway\s.*?(http://\S+?)/?\s")]
    private static partial Regex GatewayLine();
}
