using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.Gateway.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

public sealed class AugmentedCopiesTests(EmbeddedTopfive embedded) : IClassFixture<EmbeddedTopfive>
{
    private readonly Running _topfive = embedded.Topfive;

    [Fact]
    public async Task Copies_go_into_the_dataset_beside_their_originals_and_a_head_trains_on_them()
    {
        LabeledImage[] images =
        [
            .. from photo in (await TestPhotos.AllAsync()).Take(2)
               from crop in Enumerable.Range(0, 4)
               select With(Ingesting.Labeled("copies", photo.Name, Crops.Of(photo.ReadBytes(), crop), $"{photo.Name} {crop}", crop == 0 ? Split.Validation : Split.Training)),
        ];

        var results = await _topfive.IngestAsync(images);
        var again = await _topfive.IngestAsync(images.Select(ByHash));

        Assert.Equal([0, 0, 3, 3, 3, 3, 3, 3], results.Select(result => result.Ingested.AugmentedCopies).Order());
        Assert.Equal(18, results.Sum(result => result.Ingested.ComputedCopies));
        Assert.All(again, result => Assert.Equal((Source.Store, 0), (result.Ingested.Source, result.Ingested.ComputedCopies)));
        var dataset = await _topfive.Datasets.GetDatasetAsync(new GetDatasetRequest { Dataset = "copies" });
        Assert.Equal((26, 24, 2, 18), (dataset.Examples, dataset.TrainingExamples, dataset.ValidationExamples, dataset.AugmentedCopies));

        var events = await _topfive.TrainAsync(new StartRunRequest { Dataset = "copies", Head = "copies", Recipe = new Recipe { Epochs = 3 } });
        Assert.Equal(RunEvent.EventOneofCase.Finished, events[^1].EventCase);
        Assert.Equal(2, events[^1].Finished.Evaluation.ValidationExamples);

        LabeledImage ByHash(LabeledImage image) => new(image) { ImageHash = results.Single(result => result.Id == image.Id).Ingested.ImageHash };
    }

    [Fact]
    public async Task Copies_that_are_not_stored_cannot_be_had_by_hash_and_the_item_says_so()
    {
        var photo = (await TestPhotos.AllAsync())[2];
        var image = Ingesting.Labeled("copies by hash", photo.Name, Crops.Of(photo.ReadBytes(), 5), "photo", Split.Training);
        var known = Assert.Single(await _topfive.IngestAsync([image])).Ingested;

        var refused = Assert.Single(await _topfive.IngestAsync([new LabeledImage(With(image)) { ImageHash = known.ImageHash }])).Error;

        Assert.Equal(StatusCode.NotFound, (StatusCode)refused.Code);
        Assert.Contains("augmented copy", refused.Message);
    }

    private static LabeledImage With(LabeledImage image)
    {
        image.AugmentedCopies = 3;
        return image;
    }
}
