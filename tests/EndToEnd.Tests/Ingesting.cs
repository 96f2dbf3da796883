using Google.Protobuf;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Gateway.V1;

namespace Topfive.EndToEnd.Tests;

internal static class Ingesting
{
    public static LabeledImage Labeled(string dataset, string label, byte[] image, string id = "", Split split = Split.Unspecified) =>
        new() { Id = id, Dataset = dataset, Label = label, Split = split, Image = ByteString.CopyFrom(image) };

    public static async Task<List<IngestResult>> IngestAsync(this Running topfive, IEnumerable<LabeledImage> images)
    {
        using var stream = topfive.Ingestions.Ingest();
        var reading = Task.Run(async () =>
        {
            var results = new List<IngestResult>();
            await foreach (var result in stream.ResponseStream.ReadAllAsync())
            {
                results.Add(result);
            }

            return results;
        });
        foreach (var image in images)
        {
            await stream.RequestStream.WriteAsync(image);
        }

        await stream.RequestStream.CompleteAsync();
        return await reading;
    }

    public static async Task<List<RunEvent>> TrainAsync(this Running topfive, StartRunRequest request)
    {
        var run = await topfive.Training.StartRunAsync(request);
        using var watching = topfive.Training.WatchRun(new WatchRunRequest { RunId = run.RunId });
        var events = new List<RunEvent>();
        await foreach (var happened in watching.ResponseStream.ReadAllAsync())
        {
            events.Add(happened);
        }

        return events;
    }
}
