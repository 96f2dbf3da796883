using System.Diagnostics;
using Microsoft.Extensions.Options;
using Topfive.Backbones;
using Topfive.FeatureStore;

namespace Topfive.FeatureService;

/// <summary>
/// Load, warm up, compare with the golden vector, and only then be ready. A backbone that cannot be trusted stops the
/// process: a wrong vector would be stored for good.
/// </summary>
internal sealed class BackboneStart(
    IOptions<BackboneOptions> options, IOptions<DecodingOptions> decoding, IOptions<BatchingOptions> batching, ImageBatcher batcher, BackboneState state,
    BackboneRegistry registry, IHostApplicationLifetime lifetime, ILogger<BackboneStart> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        RunningBackbone backbone;
        try
        {
            backbone = await Task.Run(Start, stoppingToken);
        }
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            var expected = exception is InvalidDataException;
            log.LogCritical(expected ? null : exception, "{Message}", exception.Message);
            state.Failed(exception);
            await StartedAsync(stoppingToken);
            lifetime.StopApplication();
            return;
        }

        state.Ready(backbone);
        await AnnounceAsync(backbone.File, stoppingToken);
    }

    /// <summary>A host that is told to stop while it still starts throws, and hides the reason.</summary>
    private async Task StartedAsync(CancellationToken stopping)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStarted, stopping);
        await Task.Delay(Timeout.Infinite, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private RunningBackbone Start()
    {
        var began = Stopwatch.GetTimestamp();
        var file = ReadFile();
        var engine = new OnnxEngine(options.Value.Model, file, options.Value.Threads);
        try
        {
            var check = WarmUp(engine, file);
            if (!check.Passes)
            {
                throw new InvalidDataException(
                    $"{options.Value.Model} does not give the golden vector of its metadata: {check}; the file is damaged or this machine miscalculates: import it again with `topfive backbone import`, or delete it and run `topfive up`");
            }

            batcher.Start(engine);
            log.LogInformation(
                "backbone {Name} {Fingerprint} is ready on cpu after {Seconds:F2} s; golden vector: {Check}",
                file.Name, file.Fingerprint, Stopwatch.GetElapsedTime(began).TotalSeconds, check);
            return new RunningBackbone(file, "cpu", OnnxEngine.Name);
        }
        catch
        {
            engine.Dispose();
            throw;
        }
    }

    private BackboneFile ReadFile()
    {
        var (model, device, precision) = (options.Value.Model, options.Value.Device, options.Value.Precision);
        if (device.StartsWith("cuda", StringComparison.Ordinal))
        {
            throw new InvalidDataException($"Backbone__Device is {device}, but this build has no GPU provider: choose cpu or auto");
        }

        if (!File.Exists(model))
        {
            throw new InvalidDataException(
                $"there is no backbone at {Path.GetFullPath(model)} (Backbone__Model): `topfive up` fetches and imports one, `topfive backbone import` makes one from weights of your own");
        }

        var file = BackboneFile.Read(model);
        if (precision.Length > 0 && file.Precision != precision)
        {
            throw new InvalidDataException($"Backbone__Precision is {precision}, but {model} is {file.Precision}");
        }

        return decoding.Value.Preprocessing == DecodingOptions.Reduced ? file.WithReducedDecoding() : file;
    }

    /// <summary>A full batch of the golden image: memory and code are warm after it, and every place in a batch is checked.</summary>
    private GoldenCheck WarmUp(OnnxEngine engine, BackboneFile file)
    {
        var golden = GoldenImage.Pixels();
        var size = batching.Value.MaxBatchSize;
        var pixels = new float[size * engine.PixelsLength];
        var vectors = new float[size * engine.Dimensions];
        for (var row = 0; row < size; row++)
        {
            golden.CopyTo(pixels, row * engine.PixelsLength);
        }

        engine.Run(pixels.AsMemory(0, engine.PixelsLength), 1, vectors.AsMemory(0, engine.Dimensions));
        var worst = GoldenCheck.Compare(vectors.AsSpan(0, engine.Dimensions), file);
        engine.Run(pixels, size, vectors);
        for (var row = 0; row < size && worst.Passes; row++)
        {
            worst = GoldenCheck.Compare(vectors.AsSpan(row * engine.Dimensions, engine.Dimensions), file);
        }

        return worst;
    }

    /// <summary>Tells the other services which backbone's vectors to look for, as soon as there is a store to tell.</summary>
    private async Task AnnounceAsync(BackboneFile file, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await registry.AnnounceAsync(new BackboneRecord(file.Fingerprint, file.Name, file.Dimensions));
                return;
            }
            catch (Exception exception) when (StoreFailure.Is(exception))
            {
                if (!StoreFailure.IsAway(exception)) log.LogWarning("the backbone cannot be announced in the feature store yet: {Message}", exception.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), stopping);
            }
        }
    }
}
