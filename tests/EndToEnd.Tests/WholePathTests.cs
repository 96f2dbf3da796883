using Google.Protobuf;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.Gateway.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary>The main job on the real backbone: photos in, a head trained, the top labels out, over a restart.</summary>
public sealed class WholePathTests
{
    private const int CropsPerLabel = 8;
    private const int HeldOut = 13;

    [Fact]
    public async Task Photos_become_a_head_that_names_unseen_photos_with_the_embedded_store()
    {
        using var directory = new TempDirectory();
        await TrainAndPredictAsync(directory.Path, redis: null);
    }

    [Fact]
    public async Task Photos_become_a_head_that_names_unseen_photos_with_a_real_redis()
    {
        await using var redis = await RedisServer.TryStartAsync();
        Assert.SkipWhen(redis is null, RedisServer.WhySkipped);
        using var directory = new TempDirectory();
        await TrainAndPredictAsync(directory.Path, redis.ConnectionString);
    }

    [Fact]
    public async Task Photos_become_a_head_that_names_unseen_photos_with_a_redis_cluster_that_shares_the_vectors()
    {
        await using var cluster = await RedisCluster.TryStartAsync();
        Assert.SkipWhen(cluster is null, RedisServer.WhySkipped);
        using var directory = new TempDirectory();
        await TrainAndPredictAsync(directory.Path, cluster.ConnectionString);

        // The reply's first line is the number of keys behind an asterisk.
        var shares = await Task.WhenAll(cluster.Nodes.Select(async node => int.Parse((await node.AskAsync("KEYS topfive:vector:*"))[1..])));
        Assert.Equal(4 * (CropsPerLabel + 1), shares.Sum());
        Assert.DoesNotContain(0, shares);
    }

    private static async Task TrainAndPredictAsync(string directory, string? redis)
    {
        var photos = (await TestPhotos.AllAsync()).Take(4).ToList();
        ByteString knownHash;
        await using (var topfive = await Running.StartAsync(directory, redis))
        {
            var results = await topfive.IngestAsync(photos.SelectMany(photo => Enumerable.Range(0, CropsPerLabel).Select(crop =>
                Ingesting.Labeled("photos", photo.Name, Crops.Of(photo.ReadBytes(), crop), $"{photo.Name}/{crop}", crop < 6 ? Split.Training : Split.Validation))));
            Assert.All(results, result => Assert.Equal(IngestResult.ResultOneofCase.Ingested, result.ResultCase));
            Assert.Equal(photos.Count * CropsPerLabel, results.Count);

            var dataset = await topfive.Datasets.GetDatasetAsync(new GetDatasetRequest { Dataset = "photos" });
            Assert.Equal((photos.Count * CropsPerLabel, photos.Count * 6), (dataset.Examples, dataset.TrainingExamples));
            Assert.Equal(photos.Select(photo => photo.Name).Order(StringComparer.Ordinal), dataset.Labels);

            var events = await topfive.TrainAsync(new StartRunRequest
            {
                Dataset = "photos",
                Head = "places",
                Recipe = new Recipe { Epochs = 30, LearningRate = 1e-3f, Seed = 1 },
            });
            Assert.Equal(Enumerable.Range(1, 30), events.SkipLast(1).Select(happened => happened.Epoch.Epoch_));
            var finished = events[^1].Finished;
            Assert.Equal(("places", 1L, 1f), (finished.Head, finished.Version, finished.Evaluation.Accuracy));

            foreach (var photo in photos)
            {
                var predicted = await topfive.Predictions.PredictAsync(
                    new PredictRequest { Head = "places", Image = ByteString.CopyFrom(Crops.Of(photo.ReadBytes(), HeldOut)) });
                Assert.Equal(Source.Computed, predicted.Source);
                Assert.Equal(photo.Name, predicted.Predictions[0].Label);
                Assert.Equal(4, predicted.Predictions.Count);
                Assert.Equal(1.0, predicted.Predictions.Sum(prediction => prediction.Probability), 1e-5);
                Assert.True(predicted.Timing.Inference.ToTimeSpan() > TimeSpan.Zero);
            }

            knownHash = ByteString.CopyFrom(ImageHash.Of(Crops.Of(photos[0].ReadBytes(), 0)).ToByteArray());
        }

        await using (var restarted = await Running.StartAsync(directory, redis))
        {
            var predicted = await restarted.Predictions.PredictAsync(new PredictRequest { Head = "places", ImageHash = knownHash, TopK = 1 });
            Assert.Equal((Source.Store, photos[0].Name), (predicted.Source, predicted.Predictions.Single().Label));

            var again = await restarted.IngestAsync([Ingesting.Labeled("photos", photos[0].Name, Crops.Of(photos[0].ReadBytes(), 0))]);
            Assert.Equal(Source.Store, again.Single().Ingested.Source);
        }
    }
}
