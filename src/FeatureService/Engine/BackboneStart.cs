using System.Diagnostics;
using Microsoft.Extensions.Options;
using Microsoft.ML.OnnxRuntime;
using Topfive.Backbones;
using Topfive.FeatureStore;

namespace Topfive.FeatureService;

/// <summary>
/// Load, warm up, compare with the golden vector, and only then be ready. A backbone that cannot be trusted stops the
/// process: a wrong vector would be stored for good.
/// </summary>
internal sealed class BackboneStart(
    IOptions<BackboneOptions> options, IOptions<DecodingOptions> decoding, IOptions<BatchingOptions> batching, ImageBatcher batcher, BackboneState state,
    BackboneRegistry registry, IHostApplicationLifetime lifetime, ILogger<BackboneStart> log) : BackgroundService, IHostedLifecycleService, IAsyncDisposable
{
    private Task<RunningBackbone>? _loading;

    /// <summary>Begins while the store is still being connected and the ports are opened.</summary>
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        // On a thread of its own: of the pool's, which are as many as cores at first, it would keep one from the calls that ask for health.
        _loading = Task.Factory.StartNew(Start, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Where another part did not start, the engine may still be loading; who gets it is disposed of after this.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_loading is not null) await ((Task)_loading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        RunningBackbone backbone;
        try
        {
            backbone = await _loading!.WaitAsync(stoppingToken);
        }
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            var expected = exception is InvalidDataException;
            log.LogCritical(expected ? null : exception, "{Message}", exception.Message);
            state.Failed(exception);
            await ApplicationStartedAsync(stoppingToken);
            lifetime.StopApplication();
            return;
        }

        state.Ready(backbone);
        await AnnounceAsync(backbone.File, stoppingToken);
    }

    /// <summary>A host that is told to stop while it still starts throws, and hides the reason.</summary>
    private async Task ApplicationStartedAsync(CancellationToken stopping)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStarted, stopping);
        await Task.Delay(Timeout.Infinite, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private RunningBackbone Start()
    {
        var began = Stopwatch.GetTimestamp();
        var (setting, file) = (options.Value, ReadFile());
        var chosen = Placement.Choose(setting.Device, file, () => Accelerators.Find(setting.ProviderLibrary));
        var batch = batching.Value.MaxBatchSize;
        var (placement, engines) = chosen.Open(
            setting.Device,
            gpu => Verified(CudaSession.Open(setting.Model, file, gpu, batch ?? GpuEngine.UsualBatch, setting.ProviderOptions), file, GpuEngine.Sizes(batch ?? GpuEngine.UsualBatch)),
            () => OpenOnCpu(setting, file, batch ?? OnnxEngine.UsualBatch));
        batcher.Start(engines, BatchLimits.For(batching.Value, placement.IsCpu ? OnnxEngine.UsualBatch : GpuEngine.UsualBatch, engines.Count, Environment.ProcessorCount));
        log.LogInformation("Backbone__Device is {Setting}: {Reason}", setting.Device, placement.Reason);
        log.LogInformation(
            "backbone {Name} {Fingerprint} is ready on {Device} after {Seconds:F2} s",
            file.Name, file.Fingerprint, placement.Device, Stopwatch.GetElapsedTime(began).TotalSeconds);
        return new RunningBackbone(file, placement.Device, OnnxEngine.Name);
    }

    private IEngine OpenOnCpu(BackboneOptions setting, BackboneFile file, int batch)
    {
        if (setting.Prepare && Prepared(setting) is { } prepared)
        {
            try
            {
                return Open(prepared.Graph);
            }
            catch (Exception exception) when (exception is OnnxRuntimeException or InvalidDataException)
            {
                log.LogWarning("the graph that was prepared in {Folder} cannot be used, and is deleted: {Message}", prepared.Folder, exception.Message);
                prepared.Delete();
            }
        }

        return Open(setting.Model);

        IEngine Open(string graph) => Verified(new OnnxEngine(graph, file, setting.Threads, batch), file, [Math.Min(2, batch)]);
    }

    /// <returns>Null: there is none, and none can be made; it is not needed.</returns>
    private PreparedGraph? Prepared(BackboneOptions setting)
    {
        var prepared = new PreparedGraph(setting.Model, setting.PreparedDirectory);
        if (prepared.Exists) return prepared;
        try
        {
            prepared.Make();
            log.LogInformation("{Folder} holds the backbone's graph as it is best for this processor", prepared.Folder);
            return prepared;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or OnnxRuntimeException)
        {
            log.LogInformation("the backbone's graph is not prepared for this processor, and every start takes a little longer: {Message} (Backbone__PreparedDirectory)", exception.Message);
            return null;
        }
    }

    /// <returns>The engine, warmed up, when it gives the golden vector; otherwise it is disposed of.</returns>
    private IEngine Verified(IEngine engine, BackboneFile file, IEnumerable<int> sizes)
    {
        try
        {
            var check = WarmUp(engine, file, [.. sizes]);
            log.LogInformation("golden vector: {Check}", check);
            return check.Passes
                ? engine
                : throw new InvalidDataException(
                    $"{options.Value.Model} does not give the golden vector of its metadata: {check}; the file is damaged or this machine miscalculates: import it again with `topfive backbone import`, or delete it and run `topfive up`");
        }
        catch
        {
            engine.Dispose();
            throw;
        }
    }

    private BackboneFile ReadFile()
    {
        var (model, precision) = (options.Value.Model, options.Value.Precision);
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

    /// <summary>
    /// Batches of the golden image: code is warm after them, and the places in them are checked. On a CPU that is one batch of two: a full one took 0.4 s
    /// of the start on two cores, and the first one of callers was no slower without it (docs/performance.md). A GPU chooses its kernels by size.
    /// </summary>
    private static GoldenCheck WarmUp(IEngine engine, BackboneFile file, int[] sizes)
    {
        var golden = GoldenImage.Pixels();
        for (var row = 0; row < sizes[^1]; row++) engine.Put(row, golden);
        var vectors = new float[sizes[^1] * engine.Dimensions];
        GoldenCheck worst = default;
        foreach (var size in sizes)
        {
            engine.Run(size, vectors.AsMemory(0, size * engine.Dimensions));
            worst = GoldenCheck.Compare(vectors.AsSpan(0, engine.Dimensions), file);
            for (var row = 1; row < size && worst.Passes; row++)
            {
                worst = GoldenCheck.Compare(vectors.AsSpan(row * engine.Dimensions, engine.Dimensions), file);
            }

            if (!worst.Passes) break;
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
