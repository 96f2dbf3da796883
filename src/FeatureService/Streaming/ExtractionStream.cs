using Grpc.Core;
using Microsoft.Extensions.Options;
using Topfive.Features.V1;
using Topfive.ServiceDefaults;

namespace Topfive.FeatureService;

/// <summary>
/// One bulk call: every item goes its own way through extraction, so that receiving, hashing, looking up, decoding,
/// inference, storing and replying overlap. Look-ups and stores that are under way together share round trips, because
/// the store's connection pipelines them. <see cref="StreamingOptions.ItemsInFlight"/> bounds it all.
/// </summary>
internal sealed class ExtractionStream(StreamItems items, ImageBatcher batcher, IOptions<StreamingOptions> options)
{
    /// <param name="requests">Read only as far as the results are read.</param>
    /// <param name="responses">One a request, in completion order.</param>
    /// <param name="extract">Extracts one image.</param>
    /// <param name="context">Its cancellation stops the work that no other call waits for.</param>
    public Task AnswerAsync(
        IAsyncStreamReader<ExtractStreamRequest> requests, IServerStreamWriter<ExtractStreamResponse> responses,
        Func<ExtractRequest, Task<ExtractResponse>> extract, ServerCallContext context) =>
        items.AnswerAsync(
            requests, responses, options.Value.ItemsInFlight ?? batcher.CapacityOf(Urgency.Bulk),
            async item => new ExtractStreamResponse { Id = item.Id, Extracted = await extract(item.ToExtractRequest()) },
            (item, error) => new ExtractStreamResponse { Id = item.Id, Error = error },
            context);
}
