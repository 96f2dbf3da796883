using Google.Protobuf;
using Grpc.Core;
using Topfive.Classifier.V1;

namespace Topfive.Consoles;

/// <summary>The images of one cell of a confusion matrix. A version keeps counts alone, so the label's validation images are asked about again.</summary>
internal static class CellImages
{
    private const int MostAsked = 2_000, MostShown = 60;

    /// <returns>The surest first, with the probability of what was predicted.</returns>
    public static async Task<IReadOnlyList<(ByteString Hash, float Probability)>> FindAsync(
        GatewaySession session, Head head, string label, string predicted, CancellationToken cancellation)
    {
        var asked = new List<ByteString>();
        using (var examples = session.Datasets.ListExamples(new ListExamplesRequest { Dataset = head.Dataset }, cancellationToken: cancellation))
        {
            while (asked.Count < MostAsked && await examples.ResponseStream.MoveNext(cancellation))
            {
                var example = examples.ResponseStream.Current;
                if (example.Split == Split.Validation && example.Label == label) asked.Add(example.ImageHash);
            }
        }

        var found = new List<(ByteString Hash, float Probability)>();
        using var classifying = session.Classification.ClassifyStream(cancellationToken: cancellation);
        var sending = SendAsync();
        for (var i = 0; await classifying.ResponseStream.MoveNext(cancellation); i++)
        {
            // In the order of the requests.
            if (classifying.ResponseStream.Current.Classified is { Predictions: [var first, ..] } && first.Label == predicted) found.Add((asked[i], first.Probability));
        }

        await sending;
        return [.. found.OrderByDescending(image => image.Probability).Take(MostShown)];

        async Task SendAsync()
        {
            foreach (var hash in asked)
            {
                await classifying.RequestStream.WriteAsync(
                    new ClassifyStreamRequest { Request = new ClassifyRequest { Head = head.Head_, Version = head.Version, ImageHash = hash, TopK = 1 } }, cancellation);
            }

            await classifying.RequestStream.CompleteAsync();
        }
    }
}
