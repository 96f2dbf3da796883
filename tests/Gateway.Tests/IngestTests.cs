using Google.Protobuf;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.Gateway.V1;
using Xunit;

namespace Topfive.Gateway.Tests;

public sealed class IngestTests
{
    private static LabeledImage Image(string id, string image, string label = "cat") =>
        new() { Id = id, Dataset = "animals", Label = label, Image = ByteString.CopyFromUtf8(image) };

    private static async Task<Dictionary<string, IngestResult>> IngestAsync(RunningGateway gateway, IEnumerable<LabeledImage> images)
    {
        using var stream = gateway.Ingestions.Ingest();
        var results = new Dictionary<string, IngestResult>();
        var reading = Task.Run(async () =>
        {
            await foreach (var result in stream.ResponseStream.ReadAllAsync())
            {
                results.Add(result.Id, result);
            }
        });
        foreach (var image in images)
        {
            await stream.RequestStream.WriteAsync(image);
        }

        await stream.RequestStream.CompleteAsync();
        await reading;
        return results;
    }

    [Fact]
    public async Task Every_image_gets_one_result_and_becomes_one_example()
    {
        await using var gateway = await RunningGateway.StartAsync();

        var results = await IngestAsync(gateway, Enumerable.Range(0, 500).Select(i => Image($"{i}", $"photo {i}")));

        Assert.Equal(500, results.Count);
        Assert.All(results.Values, result => Assert.Equal(IngestResult.ResultOneofCase.Ingested, result.ResultCase));
        Assert.Equal(500, gateway.Fake.ExampleBatches.Sum());
        Assert.True(gateway.Fake.ExampleBatches.Count < 500, "examples that wait ride together");
    }

    [Fact]
    public async Task Images_go_as_bulk_that_waits_for_its_turn_and_predictions_do_not()
    {
        await using var gateway = await RunningGateway.StartAsync();

        await IngestAsync(gateway, [Image("1", "photo 1"), Image("2", "photo 2")]);
        await gateway.Predictions.PredictAsync(new PredictRequest { Head = "pets", Image = ByteString.CopyFromUtf8("photo 3") });

        Assert.Equal([true, true, false], gateway.Fake.Bulk.OrderDescending());
        Assert.Equal(2, gateway.Fake.Deadlines.Count(deadline => deadline == DateTime.MaxValue));
    }

    [Fact]
    public async Task A_training_image_gets_its_copies_from_one_upload_and_a_validating_one_gets_none()
    {
        await using var gateway = await RunningGateway.StartAsync();
        // The SHA-256 of the last two begin with 0xde and 0x02: below 0x40 validates.
        LabeledImage[] images =
        [
            With("train", Split.Training), With("validate", Split.Validation), With("hash trains", Split.Unspecified), With("hash validates", Split.Unspecified),
        ];

        var results = await IngestAsync(gateway, images);

        foreach (var (id, copies) in new[] { ("train", 3), ("validate", 0), ("hash trains", 3), ("hash validates", 0) })
        {
            Assert.Equal((copies, Math.Max(0, copies - 1)), (results[id].Ingested.AugmentedCopies, results[id].Ingested.ComputedCopies));
            var sent = gateway.Fake.Extracted.Single(request => request.Image.ToStringUtf8() == $"photo to {id}");
            Assert.Equal(copies, sent.AugmentedCopies);
            Assert.Equal(copies == 0 ? null : new Augmentation { Seed = 5, Zoom = 0.5f }, sent.Augmentation);
            var example = gateway.Fake.Examples.Single(example => example.ImageHash == results[id].Ingested.ImageHash);
            Assert.Equal((copies, 5UL), (example.AugmentedCopies, example.Augmentation.Seed));
        }

        static LabeledImage With(string id, Split split)
        {
            var image = Image(id, $"photo to {id}");
            image.Split = split;
            image.AugmentedCopies = 3;
            image.Augmentation = new Augmentation { Seed = 5, Copy = 7, Zoom = 0.5f };
            return image;
        }
    }

    public static TheoryData<string, LabeledImage, StatusCode, string> Refused => new()
    {
        { "no label", Image("i", "photo", label: ""), StatusCode.InvalidArgument, "label has 0 characters; a name has 1 to 200" },
        { "long label", Image("i", "photo", label: new string('l', 201)), StatusCode.InvalidArgument, "label has 201 characters" },
        { "line break", Image("i", "photo", label: "a\nb"), StatusCode.InvalidArgument, "control character" },
        { "no image", new LabeledImage { Id = "i", Dataset = "d", Label = "l" }, StatusCode.InvalidArgument, "neither image nor image_hash" },
        { "short hash", new LabeledImage { Id = "i", Dataset = "d", Label = "l", ImageHash = ByteString.CopyFrom(1, 2) }, StatusCode.InvalidArgument, "image_hash has 2 bytes" },
        { "split", new LabeledImage { Id = "i", Dataset = "d", Label = "l", Split = (Split)9, Image = ByteString.CopyFrom(1) }, StatusCode.InvalidArgument, "split is 9; it must be" },
        { "group", new LabeledImage { Id = "i", Dataset = "d", Label = "l", Group = ByteString.CopyFrom(new byte[65]), Image = ByteString.CopyFrom(1) }, StatusCode.InvalidArgument, "group has 65 bytes; at most 64" },
        { "copies", new LabeledImage { Id = "i", Dataset = "d", Label = "l", AugmentedCopies = 101, Image = ByteString.CopyFrom(1) }, StatusCode.InvalidArgument, "augmented_copies is 101; it must be 0 to 100" },
        { "shear", new LabeledImage { Id = "i", Dataset = "d", Label = "l", Augmentation = new() { Shear = 91 }, Image = ByteString.CopyFrom(1) }, StatusCode.InvalidArgument, "augmentation.shear is 91" },
    };

    [Theory]
    [MemberData(nameof(Refused), DisableDiscoveryEnumeration = true)]
    public async Task An_item_that_can_never_work_is_refused_alone_and_nothing_is_extracted_for_it(
        string what, LabeledImage image, StatusCode code, string message)
    {
        await using var gateway = await RunningGateway.StartAsync();

        var results = await IngestAsync(gateway, [image, Image("good", "photo")]);

        Assert.True(results["i"].Error is not null, what);
        Assert.Equal(code, (StatusCode)results["i"].Error.Code);
        Assert.Contains(message, results["i"].Error.Message, StringComparison.Ordinal);
        Assert.NotNull(results["good"].Ingested);
        Assert.Equal(1, gateway.Fake.Extractions);
    }
}
