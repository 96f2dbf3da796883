using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.Gateway.V1;

namespace Topfive.Bench;

/// <summary>Ways to ask a FeatureExtraction for many images; each gives images a second and fails on a wrong answer.</summary>
internal static class Load
{
    public static async Task<double> StreamAsync(this FeatureExtraction.FeatureExtractionClient client, ExtractStreamRequest[] items)
    {
        var began = Stopwatch.GetTimestamp();
        using var call = client.ExtractStream();
        var sending = Task.Run(async () =>
        {
            foreach (var item in items)
            {
                await call.RequestStream.WriteAsync(item);
            }

            await call.RequestStream.CompleteAsync();
        });
        await foreach (var result in call.ResponseStream.ReadAllAsync())
        {
            Check(result.Extracted?.Vector.Count, result.Error?.Message);
        }

        await sending;
        return items.Length / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    /// <summary>The same images as examples of a dataset, through the Gateway.</summary>
    public static async Task<double> IngestAsync(this Ingestion.IngestionClient client, ExtractStreamRequest[] items)
    {
        var began = Stopwatch.GetTimestamp();
        using var call = client.Ingest();
        var sending = Task.Run(async () =>
        {
            foreach (var item in items)
            {
                await call.RequestStream.WriteAsync(ToLabeled(item));
            }

            await call.RequestStream.CompleteAsync();
        });
        await foreach (var result in call.ResponseStream.ReadAllAsync())
        {
            if (result.Ingested is null) throw new InvalidOperationException($"an item was not ingested: {result.Error.Message}");
        }

        await sending;
        return items.Length / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    /// <summary>A head's file as the live version of <paramref name="head"/>.</summary>
    public static async Task ImportAsync(this Heads.HeadsClient client, string head, string file)
    {
        using var call = client.ImportHead();
        await call.RequestStream.WriteAsync(new ImportHeadRequest { Head = head, Data = UnsafeByteOperations.UnsafeWrap(await File.ReadAllBytesAsync(file)) });
        await call.RequestStream.CompleteAsync();
        await call.ResponseAsync;
    }

    private static LabeledImage ToLabeled(ExtractStreamRequest item)
    {
        var labeled = new LabeledImage { Dataset = "bench", Label = "bench" };
        if (item.InputCase == ExtractStreamRequest.InputOneofCase.Image) labeled.Image = item.Image;
        else labeled.ImageHash = item.ImageHash;
        return labeled;
    }

    private static void Check(int? dimensions, string? error)
    {
        if (dimensions != 2048)
        {
            throw new InvalidOperationException($"an item has no vector: {error}");
        }
    }
}
