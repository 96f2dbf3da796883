using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Topfive.Features.V1;

namespace Topfive.Client;

/// <summary>Many images to their vectors: by hash those that the store has a vector of, the bytes of the others.</summary>
internal sealed class Extraction(TopfiveClient client, BulkOptions options, TopfiveClientOptions retries)
{
    private readonly int _inFlight = options.CheckedInFlight;

    /// <summary>Those that could not be read, and so were never sent.</summary>
    private readonly Channel<ExtractStreamResponse> _unread = Channel.CreateUnbounded<ExtractStreamResponse>();

    public async IAsyncEnumerable<ExtractStreamResponse> RunAsync(
        IAsyncEnumerable<BulkImage> images, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var stream = new BulkStream<ExtractStreamRequest, ExtractStreamResponse>(BulkMethods.Extract(client.Features), _inFlight, retries);
        await foreach (var result in stream.RunAsync(RequestsAsync(images, cancellation), cancellation).ConfigureAwait(false))
        {
            while (_unread.Reader.TryRead(out var unread)) yield return unread;
            yield return result;
        }

        while (_unread.Reader.TryRead(out var unread)) yield return unread;
    }

    private async IAsyncEnumerable<ExtractStreamRequest> RequestsAsync(
        IAsyncEnumerable<BulkImage> images, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var batch in images.ReadyAsync(_inFlight, cancellation).ConfigureAwait(false))
        {
            var missing = await client.FindMissingAsync(batch.Where(image => image.HasBytes).Select(image => image.Hash), cancellation).ConfigureAwait(false);
            foreach (var image in batch)
            {
                if (await RequestAsync(image, missing.Contains(image.Hash), cancellation).ConfigureAwait(false) is { } request) yield return request;
            }
        }
    }

    /// <returns>Null: its bytes could not be read, which is its result.</returns>
    private async Task<ExtractStreamRequest?> RequestAsync(BulkImage image, bool isMissing, CancellationToken cancellation)
    {
        var request = new ExtractStreamRequest { Id = image.Id, OmitVector = options.OmitVectors };
        if (!isMissing)
        {
            request.ImageHash = image.Hash.ToByteString();
            return request;
        }

        try
        {
            request.Image = UnsafeByteOperations.UnsafeWrap(await image.ReadAsync(cancellation).ConfigureAwait(false));
            return request;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _unread.Writer.TryWrite(new ExtractStreamResponse
            {
                Id = image.Id,
                Error = new Google.Rpc.Status { Code = (int)StatusCode.Unknown, Message = failure.Message },
            });
            return null;
        }
    }
}
