using Grpc.Core;
using Microsoft.Extensions.Options;
using Topfive.Gateway.V1;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>topfive.gateway.v1.Ingestion: every labelled image is extracted, then becomes an example.</summary>
internal sealed class IngestionService(
    ImageExtractor extractor, StreamItems items, NamePolicy names, IServiceProvider services, IOptions<ServicesOptions> options)
    : Ingestion.IngestionBase
{
    public override async Task Ingest(
        IAsyncStreamReader<LabeledImage> requestStream, IServerStreamWriter<IngestResult> responseStream, ServerCallContext context)
    {
        await using var examples = ActivatorUtilities.CreateInstance<ExampleBatcher>(services, context);
        await items.AnswerAsync(
            requestStream, responseStream, options.Value.ItemsInFlight,
            async image =>
            {
                LabeledImageCheck.Check(image, names);
                var ingested = await extractor.ExtractAsync(image, context);
                await examples.AddAsync(image, ingested);
                return new IngestResult { Id = image.Id, Ingested = ingested };
            },
            (image, error) => new IngestResult { Id = image.Id, Error = error },
            context);
    }
}
