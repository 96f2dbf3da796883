// The most probable labels of a folder's first image, then the vectors of all of them: ADDRESS HEAD FOLDER
using Grpc.Core;
using Topfive.Client;

var (address, head, files) = (args[0], args[1], Directory.GetFiles(args[2]).Order().ToArray());
using var topfive = new TopfiveClient(new TopfiveClientOptions { Address = address, ApiKey = Environment.GetEnvironmentVariable("TOPFIVE_API_KEY") ?? "" });
try
{
    var answer = await topfive.PredictAsync(await File.ReadAllBytesAsync(files[0]), head, new PredictOptions { TopK = 3 });
    foreach (var prediction in answer.Predictions)
    {
        Console.WriteLine($"{prediction.Probability,7:P1}  {prediction.Label}");
    }

    // Only what the store has no vector of is sent.
    await foreach (var result in topfive.ExtractAsync(ImagesAsync()))
    {
        Console.WriteLine(result.Error is { } error
            ? $"{result.Id}: {error.Message}"
            : $"{result.Id}: {result.Extracted.Vector.Count} numbers, {result.Extracted.Source}");
    }
}
catch (RpcException failure)
{
    Console.Error.WriteLine($"{failure.StatusCode}: {failure.Status.Detail} (trace {failure.GetTraceId()}, again after {failure.GetRetryDelay()})");
}

async IAsyncEnumerable<BulkImage> ImagesAsync()
{
    foreach (var file in files) yield return await BulkImage.FromFileAsync(file);
}
