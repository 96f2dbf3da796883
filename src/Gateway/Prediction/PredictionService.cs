using Grpc.Core;
using Microsoft.Extensions.Options;
using Topfive.Gateway.V1;
using Topfive.ServiceDefaults;
using PredictionBase = Topfive.Gateway.V1.Prediction.PredictionBase;

namespace Topfive.Gateway;

/// <summary>topfive.gateway.v1.Prediction.</summary>
internal sealed class PredictionService(Predictor predictor, StreamItems items, IOptions<ServicesOptions> services) : PredictionBase
{
    public override Task<PredictResponse> Predict(PredictRequest request, ServerCallContext context) =>
        predictor.PredictAsync(request, context);

    public override Task PredictStream(
        IAsyncStreamReader<PredictStreamRequest> requestStream, IServerStreamWriter<PredictStreamResponse> responseStream, ServerCallContext context) =>
        items.AnswerAsync(
            requestStream, responseStream, services.Value.ItemsInFlight,
            async item => new PredictStreamResponse { Id = item.Id, Predicted = await predictor.PredictAsync(ToRequest(item), context) },
            (item, error) => new PredictStreamResponse { Id = item.Id, Error = error },
            context);

    private static PredictRequest ToRequest(PredictStreamRequest item)
    {
        var request = new PredictRequest
        {
            Head = item.Head,
            Version = item.Version,
            TopK = item.TopK,
            NearestExamples = item.NearestExamples,
            AnswerUnknown = item.AnswerUnknown,
        };
        switch (item.InputCase)
        {
            case PredictStreamRequest.InputOneofCase.Image:
                request.Image = item.Image;
                break;
            case PredictStreamRequest.InputOneofCase.ImageHash:
                request.ImageHash = item.ImageHash;
                break;
        }

        return request;
    }
}
