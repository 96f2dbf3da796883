using System.Threading.Channels;
using Grpc.Core;
using Microsoft.Extensions.Options;
using Topfive.Classifier.V1;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>topfive.classifier.v1.Classification.</summary>
internal sealed class ClassificationService(
    VectorClassifier classifier, HeadComparer comparer, ShadowScorer shadows, StreamItems items, IOptions<ServingOptions> options) : Classification.ClassificationBase
{
    public override Task<ClassifyResponse> Classify(ClassifyRequest request, ServerCallContext context) =>
        ClassifyAsync(request, context);

    public override Task<CompareResponse> Compare(CompareRequest request, ServerCallContext context) => comparer.CompareAsync(request, context);

    /// <summary>Several items are worked on at a time, and answered in the order in which they came.</summary>
    public override async Task ClassifyStream(
        IAsyncStreamReader<ClassifyStreamRequest> requestStream, IServerStreamWriter<ClassifyStreamResponse> responseStream, ServerCallContext context)
    {
        var answers = Channel.CreateBounded<Task<ClassifyStreamResponse>>(options.Value.ItemsInFlight);
        var reading = ReadAsync(requestStream, answers.Writer, context);
        await foreach (var answer in answers.Reader.ReadAllAsync(context.CancellationToken))
        {
            await responseStream.WriteAsync(await answer, context.CancellationToken);
        }

        await reading;
    }

    private async Task<ClassifyResponse> ClassifyAsync(ClassifyRequest request, ServerCallContext context)
    {
        var response = await classifier.ClassifyAsync(request, context.CancellationToken);
        if (request.Version == 0) shadows.Offer(request, response);
        return response;
    }

    private async Task ReadAsync(
        IAsyncStreamReader<ClassifyStreamRequest> requests, ChannelWriter<Task<ClassifyStreamResponse>> answers, ServerCallContext context)
    {
        try
        {
            var stream = items.Read(requests);
            await foreach (var item in stream.ReadAllAsync(context.CancellationToken))
            {
                await answers.WriteAsync(AnswerAsync(item, context), context.CancellationToken);
            }

            answers.Complete(stream.IsCutOff ? StreamItems.CutOff() : null);
        }
        catch (Exception exception)
        {
            answers.Complete(exception);
        }
    }

    private Task<ClassifyStreamResponse> AnswerAsync(ClassifyStreamRequest item, ServerCallContext context) => items.AnswerItemAsync(
        item,
        async _ => new ClassifyStreamResponse
        {
            Id = item.Id,
            Classified = await ClassifyAsync(item.Request ?? throw Failure.InvalidInput("request is not set"), context),
        },
        (_, error) => new ClassifyStreamResponse { Id = item.Id, Error = error },
        context);
}
