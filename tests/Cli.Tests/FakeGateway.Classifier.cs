using System.Collections.Concurrent;
using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.Gateway.V1;

namespace Topfive.Cli.Tests;

/// <content>What it forwards to ClassifierService in reality.</content>
internal sealed partial class FakeGateway
{
    private sealed class FakeDatasets(Answers answers) : Datasets.DatasetsBase
    {
        public override Task<Dataset> GetDataset(GetDatasetRequest request, ServerCallContext context) =>
            Task.FromResult(answers.Dataset ?? throw new RpcException(new Status(StatusCode.NotFound, $"there is no dataset '{request.Dataset}'")));

        public override async Task ListExamples(ListExamplesRequest request, IServerStreamWriter<Example> responseStream, ServerCallContext context)
        {
            if (answers.Examples.IsEmpty)
            {
                throw new RpcException(new Status(StatusCode.NotFound, $"there is no dataset '{request.Dataset}'"));
            }

            foreach (var example in answers.Examples)
            {
                await responseStream.WriteAsync(example);
            }
        }
    }

    private sealed class FakeTraining(Answers answers) : Training.TrainingBase
    {
        public override Task<Run> StartRun(StartRunRequest request, ServerCallContext context)
        {
            answers.Started = request;
            return Task.FromResult(new Run { RunId = "r1", Dataset = request.Dataset, Head = request.Head, Recipe = answers.Recipe ?? new Recipe { Epochs = 3 } });
        }

        public override Task<Run> GetRun(GetRunRequest request, ServerCallContext context) =>
            Task.FromResult(new Run { RunId = request.RunId, Dataset = "garden", Head = "flowers", Recipe = new Recipe { Epochs = answers.Events.Count - 1 } });

        public override async Task WatchRun(WatchRunRequest request, IServerStreamWriter<RunEvent> responseStream, ServerCallContext context)
        {
            var told = 0;
            foreach (var next in answers.Events)
            {
                if (told++ == answers.BreakAfter)
                {
                    answers.BreakAfter = null;
                    throw new RpcException(new Status(StatusCode.Unavailable, "going down"));
                }

                await responseStream.WriteAsync(next);
            }

            if (answers.Events.Count == 0)
            {
                await Task.Delay(System.Threading.Timeout.Infinite, context.CancellationToken);
            }
        }
    }

    /// <summary>Shows examples as long as there is a dataset.</summary>
    private sealed class FakeClassification(Answers answers) : Classification.ClassificationBase
    {
        public override Task<ClassifyResponse> Classify(ClassifyRequest request, ServerCallContext context) => answers.Dataset is null
            ? throw new RpcException(new Status(StatusCode.FailedPrecondition, "dataset 'garden' was deleted"))
            : Task.FromResult(new ClassifyResponse
            {
                Neighbors = { Enumerable.Range(0, request.NearestExamples).Select(place => new Neighbor { Label = "near|by", Cosine = 0.5f, ImageHash = request.ImageHash }) },
            });
    }

    private sealed class FakeHeads(Answers answers) : Heads.HeadsBase
    {
        public override Task<ListHeadsResponse> ListHeads(ListHeadsRequest request, ServerCallContext context)
        {
            var response = new ListHeadsResponse();
            response.Heads.Add(answers.Heads.Where(head => request.Head.Length == 0 || head.Head_ == request.Head));
            return Task.FromResult(response);
        }

        public override Task<ListPromotionsResponse> ListPromotions(ListPromotionsRequest request, ServerCallContext context) =>
            Task.FromResult(new ListPromotionsResponse { Promotions = { answers.Promotions } });

        public override Task<Head> GetHead(GetHeadRequest request, ServerCallContext context) =>
            Task.FromResult(answers.Heads.FirstOrDefault(head => head.Head_ == request.Head)
                ?? throw new RpcException(new Status(StatusCode.NotFound, $"there is no head '{request.Head}'")));

        public override async Task ExportHead(
            ExportHeadRequest request, IServerStreamWriter<ExportHeadResponse> responseStream, ServerCallContext context)
        {
            await responseStream.WriteAsync(new ExportHeadResponse { Data = ByteString.CopyFromUtf8("on") });
            if (request.Head == "broken")
            {
                throw new RpcException(new Status(StatusCode.Unavailable, "the store is away"));
            }

            await responseStream.WriteAsync(new ExportHeadResponse { Data = ByteString.CopyFromUtf8("nx") });
        }
    }
}
