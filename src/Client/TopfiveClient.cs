using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.Gateway.V1;

namespace Topfive.Client;

/// <summary>
/// The Gateway, and through it every service. One client is enough for a program: it is safe from any thread, and its calls share connections. What a
/// call fails with is <see cref="RpcException"/>; <see cref="RpcExceptionExtensions"/> reads its details.
/// </summary>
public sealed class TopfiveClient : IDisposable
{
    private const int HashesAsked = 100_000;

    private readonly TopfiveClientOptions _options;
    private readonly GrpcChannel? _channel;

    /// <summary>Connects when the first call is made.</summary>
    /// <param name="address">Of the Gateway, as <see cref="TopfiveClientOptions.Address"/> has it.</param>
    /// <exception cref="ArgumentException">It is none.</exception>
    public TopfiveClient(string address) : this(new TopfiveClientOptions { Address = address })
    {
    }

    /// <summary>Connects when the first call is made.</summary>
    /// <param name="options">What is changed in them later changes nothing here.</param>
    /// <param name="log">Hears of connections and retries; null: nobody.</param>
    /// <exception cref="ArgumentException">They are wrong: the message says what has to be changed.</exception>
    public TopfiveClient(TopfiveClientOptions options, ILoggerFactory? log = null)
        : this(GatewayChannel.Open(options, log), options)
    {
    }

    /// <summary>Over a channel that the program has already, or in a test over none. It brings its own credentials, deadlines and retries.</summary>
    /// <param name="calls">Of the caller, who disposes what is behind it.</param>
    public TopfiveClient(CallInvoker calls) : this(calls, new TopfiveClientOptions())
    {
    }

    private TopfiveClient(GrpcChannel channel, TopfiveClientOptions options)
        : this(channel.Intercept(new CallDefaults(options)), options) => _channel = channel;

    private TopfiveClient(CallInvoker calls, TopfiveClientOptions options)
    {
        _options = new TopfiveClientOptions { MaxAttempts = options.MaxAttempts, RetryDelay = options.RetryDelay };
        Prediction = new(calls);
        Ingestion = new(calls);
        Features = new(calls);
        Classification = new(calls);
        Datasets = new(calls);
        Training = new(calls);
        Heads = new(calls);
    }

    /// <summary>Images to labels, call by call as the protos have them.</summary>
    public Gateway.V1.Prediction.PredictionClient Prediction { get; }

    /// <summary>Labelled images into datasets; <see cref="IngestAsync"/> is its stream without the care for it.</summary>
    public Ingestion.IngestionClient Ingestion { get; }

    /// <summary>Images to vectors; <see cref="ExtractAsync"/> is its stream without the care for it.</summary>
    public FeatureExtraction.FeatureExtractionClient Features { get; }

    /// <summary>Vectors to labels.</summary>
    public Classification.ClassificationClient Classification { get; }

    /// <summary>What can be trained on.</summary>
    public Datasets.DatasetsClient Datasets { get; }

    /// <summary>Datasets to heads.</summary>
    public Training.TrainingClient Training { get; }

    /// <summary>Heads and their versions.</summary>
    public Heads.HeadsClient Heads { get; }

    /// <summary>The most probable labels of an image.</summary>
    /// <param name="image">JPEG, PNG, WebP, GIF (first frame) or BMP. Not copied: it must not change before the answer is there.</param>
    /// <param name="head">Name of the head.</param>
    /// <param name="options">Where it is not as usual.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="RpcException">INVALID_ARGUMENT for a bad image, NOT_FOUND for an unknown head or version, RESOURCE_EXHAUSTED when there is too much to do.</exception>
    public Task<PredictResponse> PredictAsync(
        ReadOnlyMemory<byte> image, string head, PredictOptions? options = null, CancellationToken cancellationToken = default) =>
        PredictAsync(new PredictRequest { Image = UnsafeByteOperations.UnsafeWrap(image) }, head, options, cancellationToken);

    /// <summary>The most probable labels of an image that was extracted before.</summary>
    /// <param name="image">Its hash.</param>
    /// <param name="head">Name of the head.</param>
    /// <param name="options">Where it is not as usual.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="RpcException">NOT_FOUND for an unknown hash, head or version, and as above.</exception>
    public Task<PredictResponse> PredictAsync(
        ImageHash image, string head, PredictOptions? options = null, CancellationToken cancellationToken = default) =>
        PredictAsync(new PredictRequest { ImageHash = image.ToByteString() }, head, options, cancellationToken);

    /// <summary>
    /// The vectors of many images: asks first which the store has none of, and sends the bytes of those only. One result an image, in the order in which
    /// they are done, with the image's id; an image that fails does so alone (<see cref="ExtractStreamResponse.Error"/>). A stream that ends with
    /// UNAVAILABLE is opened again, and what was not answered is sent again.
    /// </summary>
    /// <param name="images">Read as results come, no faster.</param>
    /// <param name="options">Where it is not as usual.</param>
    /// <param name="cancellationToken">Ends it, as leaving the loop over the results does; what was computed is stored.</param>
    /// <exception cref="RpcException">The stream ended, and is not to be opened again.</exception>
    public IAsyncEnumerable<ExtractStreamResponse> ExtractAsync(
        IAsyncEnumerable<BulkImage> images, BulkOptions? options = null, CancellationToken cancellationToken = default) =>
        new Extraction(this, options ?? new BulkOptions(), _options).RunAsync(images, cancellationToken);

    /// <summary>
    /// Labelled images into datasets, as they are: by hash where the store has their vectors, which <see cref="FindMissingAsync"/> tells, otherwise by their
    /// bytes. One result an image, in the order in which they are done, with the image's id; an image that fails does so alone. A stream that ends with
    /// UNAVAILABLE is opened again, and what was not answered is sent again: an image is in a dataset once.
    /// </summary>
    /// <param name="images">Read as results come, no faster.</param>
    /// <param name="options">Where it is not as usual.</param>
    /// <param name="cancellationToken">Ends it, as leaving the loop over the results does; what was answered stays in the dataset.</param>
    /// <exception cref="RpcException">The stream ended, and is not to be opened again.</exception>
    public IAsyncEnumerable<IngestResult> IngestAsync(
        IAsyncEnumerable<LabeledImage> images, BulkOptions? options = null, CancellationToken cancellationToken = default) =>
        new BulkStream<LabeledImage, IngestResult>(BulkMethods.Ingest(Ingestion), (options ?? new BulkOptions()).CheckedInFlight, _options)
            .RunAsync(images, cancellationToken);

    /// <summary>Which of these images have no stored vector.</summary>
    /// <param name="images">Any number.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<IReadOnlySet<ImageHash>> FindMissingAsync(IEnumerable<ImageHash> images, CancellationToken cancellationToken = default)
    {
        var missing = new HashSet<ImageHash>();
        foreach (var part in images.Chunk(HashesAsked))
        {
            var request = new FindMissingRequest { ImageHashes = { part.Select(image => image.ToByteString()) } };
            var response = await Features.FindMissingAsync(request, cancellationToken: cancellationToken).ConfigureAwait(false);
            missing.UnionWith(response.MissingImageHashes.Select(bytes => ImageHash.TryRead(bytes.Span, out var hash) ? hash : default));
        }

        return missing;
    }

    /// <summary>Ends the connections, and the calls on them.</summary>
    public void Dispose() => _channel?.Dispose();

    private Task<PredictResponse> PredictAsync(PredictRequest request, string head, PredictOptions? options, CancellationToken cancellation)
    {
        request.Head = head;
        if (options is not null)
        {
            request.Version = options.Version;
            request.TopK = options.TopK;
            request.NearestExamples = options.NearestExamples;
            request.AnswerUnknown = options.AnswerUnknown;
        }

        var deadline = options?.Timeout is { } timeout ? DateTime.UtcNow + timeout : (DateTime?)null;
        return Prediction.PredictAsync(request, deadline: deadline, cancellationToken: cancellation).ResponseAsync;
    }
}
