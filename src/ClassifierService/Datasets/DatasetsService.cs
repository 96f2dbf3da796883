using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>topfive.classifier.v1.Datasets.</summary>
internal sealed class DatasetsService(ExampleAdder adder, DatasetStore datasets, StreamItems items) : Datasets.DatasetsBase
{
    public override async Task<AddExamplesResponse> AddExamples(IAsyncStreamReader<Example> requestStream, ServerCallContext context)
    {
        var stream = items.Read(requestStream);
        var response = await adder.AddAsync(stream.ReadAllAsync(context.CancellationToken), context.CancellationToken);
        return stream.IsCutOff ? throw Draining.CutOff("send the examples again; those that were added stay, and are not added twice") : response;
    }

    public override async Task<Dataset> GetDataset(GetDatasetRequest request, ServerCallContext context)
    {
        NameRule.Check(request.Dataset, "dataset");
        return await datasets.ReadAsync(request.Dataset, context.CancellationToken) is { } snapshot
            ? DatasetDescription.Of(snapshot)
            : throw Unknown(request.Dataset);
    }

    public override async Task<ListDatasetsResponse> ListDatasets(ListDatasetsRequest request, ServerCallContext context)
    {
        var response = new ListDatasetsResponse();
        foreach (var dataset in await datasets.ListAsync())
        {
            if (await datasets.ReadAsync(dataset, context.CancellationToken) is { } snapshot) response.Datasets.Add(DatasetDescription.Of(snapshot));
        }

        return response;
    }

    public override async Task<DeleteDatasetResponse> DeleteDataset(DeleteDatasetRequest request, ServerCallContext context)
    {
        NameRule.Check(request.Dataset, "dataset");
        return new DeleteDatasetResponse
        {
            DeletedExamples = await datasets.DeleteAsync(request.Dataset) ?? throw Unknown(request.Dataset),
        };
    }

    public override async Task ListExamples(ListExamplesRequest request, IServerStreamWriter<Example> responseStream, ServerCallContext context)
    {
        NameRule.Check(request.Dataset, "dataset");
        var any = false;
        await foreach (var example in datasets.ReadExamplesAsync(request.Dataset, context.CancellationToken))
        {
            any = true;
            await responseStream.WriteAsync(example, context.CancellationToken);
        }

        if (!any) throw Unknown(request.Dataset);
    }

    private static Failure Unknown(string dataset) => Failure.NotFound($"there is no dataset '{dataset}'");
}
