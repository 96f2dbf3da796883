using Google.Protobuf;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.Gateway.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary>Bad input through the running product: the status, a message to act on, nothing stored, the service unharmed.</summary>
public sealed class BadInputTests(EmbeddedTopfive embedded) : IClassFixture<EmbeddedTopfive>
{
    private readonly Running _topfive = embedded.Topfive;

    private static async Task RefusesAsync(StatusCode code, string message, Func<Task> call)
    {
        var error = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(code, error.StatusCode);
        Assert.Contains(message, error.Status.Detail, StringComparison.OrdinalIgnoreCase);
    }

    private async Task StillWorksAsync()
    {
        var photo = (await TestPhotos.AllAsync())[0];
        var predicted = await _topfive.Predictions.PredictAsync(new PredictRequest { Head = await OwnHeadAsync(), Image = ByteString.CopyFrom(photo.ReadBytes()) });
        Assert.NotEmpty(predicted.Predictions);
    }

    /// <summary>The head that came with the backbone.</summary>
    private async Task<string> OwnHeadAsync()
    {
        const string name = "inception_v3";
        if ((await _topfive.Heads.ListHeadsAsync(new ListHeadsRequest())).Heads.Any(head => head.Head_ == name))
        {
            return name;
        }

        using var import = _topfive.Heads.ImportHead();
        var model = await File.ReadAllBytesAsync(Path.ChangeExtension(await TestBackbone.ModelAsync(), ".head.onnx"));
        await import.RequestStream.WriteAsync(new ImportHeadRequest { Head = name, Promote = true, Data = ByteString.CopyFrom(model) });
        await import.RequestStream.CompleteAsync();
        await import;
        return name;
    }

    private async Task<bool> IsStoredAsync(byte[] image)
    {
        var hash = ByteString.CopyFrom(ImageHash.Of(image).ToByteArray());
        return (await _topfive.Features.FindMissingAsync(new FindMissingRequest { ImageHashes = { hash } })).MissingImageHashes.Count == 0;
    }

    [Theory]
    [InlineData("empty", "0 bytes")]
    [InlineData("text", "image")]
    [InlineData("truncated", "cut short")]
    [InlineData("bomb", "100,000,000")]
    public async Task What_is_no_usable_image_is_refused_everywhere_and_stored_nowhere(string kind, string message)
    {
        var image = kind switch
        {
            "empty" => [],
            "text" => "this is a letter, not a photo"u8.ToArray(),
            "truncated" => BadImages.Truncated((await TestPhotos.AllAsync())[0].ReadBytes()),
            _ => BadImages.PngBomb(),
        };

        await RefusesAsync(StatusCode.InvalidArgument, message, async () =>
            await _topfive.Features.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(image) }));
        var head = await OwnHeadAsync();
        await RefusesAsync(StatusCode.InvalidArgument, message, async () =>
            await _topfive.Predictions.PredictAsync(new PredictRequest { Head = head, Image = ByteString.CopyFrom(image) }));
        var ingested = await _topfive.IngestAsync([Ingesting.Labeled($"bad-{kind}", "label", image, "the item")]);

        Assert.Equal(("the item", (int)StatusCode.InvalidArgument), (ingested.Single().Id, ingested.Single().Error.Code));
        Assert.Contains(message, ingested.Single().Error.Message, StringComparison.OrdinalIgnoreCase);
        Assert.False(await IsStoredAsync(image));
        await RefusesAsync(StatusCode.NotFound, $"bad-{kind}", async () =>
            await _topfive.Datasets.GetDatasetAsync(new GetDatasetRequest { Dataset = $"bad-{kind}" }));
        await StillWorksAsync();
    }

    [Fact]
    public async Task A_200_MB_message_is_refused_with_the_limit()
    {
        var huge = UnsafeByteOperations.UnsafeWrap(new byte[200_000_000]);
        await RefusesAsync(StatusCode.InvalidArgument, "Limits__MaxImageBytes", async () =>
            await _topfive.Features.ExtractAsync(new ExtractRequest { Image = huge }));
        await StillWorksAsync();
    }

    [Fact]
    public async Task A_photo_with_broken_exif_is_a_photo()
    {
        var photo = (await TestPhotos.AllAsync())[1].ReadBytes();
        var plain = await _topfive.Features.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(photo) });
        var broken = await _topfive.Features.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(BadImages.WithBrokenExif(photo)) });
        Assert.Equal(plain.Vector, broken.Vector);
        Assert.NotEqual(plain.ImageHash, broken.ImageHash);
    }

    [Fact]
    public async Task Unknown_names_are_not_found_and_nothing_is_computed_for_them()
    {
        var photo = Crops.Of((await TestPhotos.AllAsync())[2].ReadBytes(), 5);
        await RefusesAsync(StatusCode.NotFound, "no-such-head", async () =>
            await _topfive.Predictions.PredictAsync(new PredictRequest { Head = "no-such-head", Image = ByteString.CopyFrom(photo) }));
        Assert.False(await IsStoredAsync(photo));
        await RefusesAsync(StatusCode.NotFound, "no-such-dataset", async () =>
            await _topfive.Datasets.GetDatasetAsync(new GetDatasetRequest { Dataset = "no-such-dataset" }));
        await RefusesAsync(StatusCode.NotFound, "no-such-dataset", async () =>
            await _topfive.Training.StartRunAsync(new StartRunRequest { Dataset = "no-such-dataset", Head = "h" }));
        await RefusesAsync(StatusCode.NotFound, "no-such-run", async () =>
            await _topfive.Training.GetRunAsync(new GetRunRequest { RunId = "no-such-run" }));
        var head = await OwnHeadAsync();
        await RefusesAsync(StatusCode.NotFound, "77", async () =>
            await _topfive.Predictions.PredictAsync(new PredictRequest { Head = head, Version = 77, Image = ByteString.CopyFrom(photo) }));
    }

    [Fact]
    public async Task A_vector_of_another_backbone_is_refused_with_both_fingerprints()
    {
        var head = await OwnHeadAsync();
        var other = new string('a', 64);
        var vector = new FloatVector();
        vector.Values.AddRange(new float[2048]);
        var own = (await _topfive.Features.GetBackboneAsync(new GetBackboneRequest())).Fingerprint;

        async Task Classify() => await _topfive.Classifications.ClassifyAsync(new ClassifyRequest { Head = head, Vector = vector, BackboneFingerprint = other });

        await RefusesAsync(StatusCode.FailedPrecondition, other, Classify);
        await RefusesAsync(StatusCode.FailedPrecondition, own, Classify);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(2_001)]
    public async Task A_top_k_outside_of_its_range_is_refused(int topK)
    {
        var head = await OwnHeadAsync();
        var photo = Crops.Of((await TestPhotos.AllAsync())[3].ReadBytes(), 6);
        await RefusesAsync(StatusCode.InvalidArgument, "top_k", async () =>
            await _topfive.Predictions.PredictAsync(new PredictRequest { Head = head, Image = ByteString.CopyFrom(photo), TopK = topK }));
        Assert.False(await IsStoredAsync(photo));
    }

    [Fact]
    public async Task Too_few_images_or_classes_to_train_on_are_refused_with_their_names()
    {
        var photos = await TestPhotos.AllAsync();
        await _topfive.IngestAsync(Enumerable.Range(0, 3).Select(crop => Ingesting.Labeled("one-class", "only", Crops.Of(photos[0].ReadBytes(), crop))));
        await _topfive.IngestAsync(Enumerable.Range(0, 3).Select(crop => Ingesting.Labeled("lonely", "many", Crops.Of(photos[0].ReadBytes(), crop), split: Split.Training))
            .Append(Ingesting.Labeled("lonely", "lonely label", Crops.Of(photos[1].ReadBytes(), 0), split: Split.Training)));

        await RefusesAsync(StatusCode.InvalidArgument, "one-class", async () =>
            await _topfive.Training.StartRunAsync(new StartRunRequest { Dataset = "one-class", Head = "h" }));
        await RefusesAsync(StatusCode.InvalidArgument, "lonely label", async () =>
            await _topfive.Training.StartRunAsync(new StartRunRequest { Dataset = "lonely", Head = "h" }));
        Assert.DoesNotContain((await _topfive.Training.ListRunsAsync(new ListRunsRequest())).Runs, run => run.Head == "h");
    }
}
