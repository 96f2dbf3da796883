using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.FeatureStore;

namespace Topfive.Cli;

/// <summary>The Gateway, and through it every service.</summary>
internal sealed class GatewayClient : IDisposable
{
    private const int PartSize = 64 << 10;

    private readonly GrpcChannel _channel;

    private GatewayClient(GatewayConnection connection)
    {
        _channel = connection.Open();
        var channel = _channel.Intercept(metadata =>
        {
            // The services unescape it: metadata is ASCII.
            metadata.Add("topfive-user", Uri.EscapeDataString(connection.User));
            if (connection.ApiKey.Length > 0) metadata.Add("x-api-key", connection.ApiKey);
            if (connection.Token.Length > 0) metadata.Add("authorization", $"Bearer {connection.Token}");
            return metadata;
        });
        Prediction = new(channel);
        Ingestion = new(channel);
        Datasets = new(channel);
        Training = new(channel);
        Heads = new(channel);
        Classification = new(channel);
        Features = new(channel);
    }

    public Gateway.V1.Prediction.PredictionClient Prediction { get; }

    public Gateway.V1.Ingestion.IngestionClient Ingestion { get; }

    public Datasets.DatasetsClient Datasets { get; }

    public Training.TrainingClient Training { get; }

    public Heads.HeadsClient Heads { get; }

    public Classification.ClassificationClient Classification { get; }

    public FeatureExtraction.FeatureExtractionClient Features { get; }

    public static GatewayClient Connect(GatewayConnection connection) => new(connection);

    /// <param name="images">At most 100,000.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <returns>Those of them without a stored vector.</returns>
    public async Task<HashSet<ImageHash>> FindMissingAsync(IEnumerable<ImageHash> images, CancellationToken cancellation)
    {
        var request = new FindMissingRequest { ImageHashes = { images.Select(image => UnsafeByteOperations.UnsafeWrap(image.ToByteArray())) } };
        var missing = (await Features.FindMissingAsync(request, cancellationToken: cancellation)).MissingImageHashes;
        return [.. missing.Select(bytes => ImageHash.TryRead(bytes.Span, out var hash) ? hash : default)];
    }

    /// <returns>The live version, or null when there is no such head.</returns>
    public async Task<Head?> FindHeadAsync(string name, CancellationToken cancellation)
    {
        try
        {
            return await Heads.GetHeadAsync(new GetHeadRequest { Head = name }, cancellationToken: cancellation);
        }
        catch (RpcException failure) when (failure.StatusCode == StatusCode.NotFound)
        {
            return null;
        }
    }

    /// <param name="name">Of the head; a known one gets a further version.</param>
    /// <param name="model">ONNX, as <c>topfive export</c> writes it.</param>
    /// <param name="promote">True: the version goes live.</param>
    /// <param name="cancellation">Ends the call.</param>
    public async Task<Head> ImportHeadAsync(string name, Stream model, bool promote, CancellationToken cancellation)
    {
        using var call = Heads.ImportHead(cancellationToken: cancellation);
        var part = new byte[PartSize];
        var first = true;
        int length;
        while ((length = await model.ReadAsync(part, cancellation)) > 0 || first)
        {
            var request = new ImportHeadRequest { Data = ByteString.CopyFrom(part, 0, length) };
            if (first)
            {
                request.Head = name;
                request.Promote = promote;
                first = false;
            }

            await call.RequestStream.WriteAsync(request, cancellation);
        }

        await call.RequestStream.CompleteAsync();
        return await call;
    }

    /// <summary>Writes a head's model, ONNX, as it comes.</summary>
    public async Task ExportHeadAsync(ExportHeadRequest request, Stream target, CancellationToken cancellation)
    {
        using var call = Heads.ExportHead(request, cancellationToken: cancellation);
        await foreach (var part in call.ResponseStream.ReadAllAsync(cancellation))
        {
            await target.WriteAsync(part.Data.Memory, cancellation);
        }
    }

    public void Dispose() => _channel.Dispose();
}
