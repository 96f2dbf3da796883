using Google.Protobuf;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.Gateway.V1;

namespace Topfive.Cli;

/// <summary>What became of the images.</summary>
/// <param name="Computed">The backbone ran.</param>
/// <param name="CacheHits">The vector was there already, or was just being computed for an identical image.</param>
/// <param name="Copies">The same bytes as an earlier file of the listing: an image is in a dataset once.</param>
/// <param name="Failed">Not in the dataset, and why.</param>
internal sealed record ImportResult(int Computed, int CacheHits, int Copies, IReadOnlyList<Problem> Failed)
{
    public int Imported => Computed + CacheHits;
}

/// <summary>Sends labelled files to the Gateway, which extracts them and adds them to a dataset.</summary>
internal sealed class ImageImport(GatewayClient gateway, string dataset)
{
    // Enough to keep every batch of the services full, little enough to stay in memory whatever the images weigh.
    private const int InFlight = 64;

    /// <param name="files">The images.</param>
    /// <param name="splits">The side of each.</param>
    /// <param name="progress">Told of every image that is done, failed ones included.</param>
    /// <param name="cancellation">Ends the import; what has been imported stays.</param>
    public async Task<ImportResult> RunAsync(
        IReadOnlyList<LabeledFile> files, IReadOnlyList<Split> splits, IProgressDisplay progress, CancellationToken cancellation)
    {
        var backbone = await gateway.Features.GetBackboneAsync(new GetBackboneRequest(), cancellationToken: cancellation);
        var results = new Results(progress);
        using var window = new SemaphoreSlim(InFlight);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var call = gateway.Ingestion.Ingest(cancellationToken: stop.Token);

        var sending = SendAsync(call.RequestStream, files, splits, backbone.MaxImageBytes, results, window, stop.Token);
        try
        {
            await foreach (var result in call.ResponseStream.ReadAllAsync(stop.Token))
            {
                window.Release();
                results.Add(result);
            }
        }
        finally
        {
            // Where the call failed, its status is the news, not the sender's broken stream.
            await stop.CancelAsync();
            await sending.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        await sending;
        return results.Sum();
    }

    private async Task SendAsync(
        IClientStreamWriter<LabeledImage> stream, IReadOnlyList<LabeledFile> files, IReadOnlyList<Split> splits,
        long maxImageBytes, Results results, SemaphoreSlim window, CancellationToken cancellation)
    {
        for (var i = 0; i < files.Count; i++)
        {
            var file = files[i];
            await window.WaitAsync(cancellation);
            if (await ReadAsync(file, maxImageBytes, results, cancellation) is { } image && results.IsFirst(file, image.Span))
            {
                await stream.WriteAsync(
                    new LabeledImage { Id = file.Id, Dataset = dataset, Image = image, Label = file.Label, Split = splits[i] }, cancellation);
            }
            else
            {
                window.Release();
            }
        }

        await stream.CompleteAsync();
    }

    /// <summary>The file's bytes, or null and a problem: a message over the services' limit would end the whole stream.</summary>
    private static async Task<ByteString?> ReadAsync(
        LabeledFile file, long maxImageBytes, Results results, CancellationToken cancellation)
    {
        try
        {
            var length = new FileInfo(file.Path).Length;
            if (length <= maxImageBytes)
            {
                return UnsafeByteOperations.UnsafeWrap(await File.ReadAllBytesAsync(file.Path, cancellation));
            }

            results.Add(new Problem(file.Id, $"{length:N0} bytes; the services take at most {maxImageBytes:N0}"));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            results.Add(new Problem(file.Id, failure.Message));
        }

        return null;
    }

    /// <summary>The sender adds files that cannot be read while the reader adds what came back.</summary>
    private sealed class Results(IProgressDisplay progress)
    {
        private readonly Lock _lock = new();
        private readonly List<Problem> _failed = [];
        private readonly Dictionary<ImageHash, LabeledFile> _sent = [];
        private int _computed, _cacheHits, _copies;

        public void Add(IngestResult result)
        {
            if (result.ResultCase == IngestResult.ResultOneofCase.Error)
            {
                Add(new Problem(result.Id, RpcMessage.Of((StatusCode)result.Error.Code, result.Error.Message)));
                return;
            }

            lock (_lock)
            {
                _ = result.Ingested.Source == Source.Computed ? _computed++ : _cacheHits++;
                Show();
            }
        }

        public void Add(Problem problem)
        {
            lock (_lock)
            {
                _failed.Add(problem);
                Show();
            }
        }

        /// <summary>
        /// False for a copy of an earlier file. Sent as well, the copies would race for label and side: the first in the
        /// listing has the word.
        /// </summary>
        public bool IsFirst(LabeledFile file, ReadOnlySpan<byte> image)
        {
            var hash = ImageHash.Of(image);
            lock (_lock)
            {
                if (_sent.TryAdd(hash, file))
                {
                    return true;
                }

                if (_sent[hash].Label == file.Label)
                {
                    _copies++;
                }
                else
                {
                    _failed.Add(new Problem(file.Id, $"the same image as {_sent[hash].Id}, which is labelled \"{_sent[hash].Label}\""));
                }

                Show();
                return false;
            }
        }

        public ImportResult Sum() => new(_computed, _cacheHits, _copies, _failed);

        private void Show() => progress.Show(_computed + _cacheHits + _copies + _failed.Count);
    }
}
