using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Xunit;

namespace Topfive.ClassifierService.Tests;

public sealed class ManifestTests(EmbeddedService embedded)
{
    private static readonly Recipe Quick = new() { HiddenUnits = { 32 }, LearningRate = 0.001f, Epochs = 3, Seed = 8 };

    private readonly ServiceUnderTest _service = embedded.Service;
    private readonly string _head = Some.Name("head");

    [Fact]
    public async Task A_manifest_trains_the_same_bits_again_also_when_it_went_through_a_file()
    {
        var first = await TrainAsync(new StartRunRequest { Dataset = await _service.AddDatasetAsync(wrongEvery: 7), Recipe = Quick });
        var file = JsonFormatter.Default.Format(first.Manifest);

        var again = await TrainAsync(new StartRunRequest { Manifest = Manifest.Parser.ParseJson(file) });

        var models = await Task.WhenAll(_service.Get<HeadStore>().GetModelAsync(_head, 1), _service.Get<HeadStore>().GetModelAsync(_head, 2));
        Assert.Equal(2, again.Version);
        Assert.Equal(models[0], models[1]);
        Assert.Equal((first.Manifest, first.Evaluation), (again.Manifest, again.Evaluation));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(models[0]!)), first.Manifest.ModelDigest);
    }

    [Fact]
    public async Task A_manifest_says_what_decides_the_bits_and_what_came_out()
    {
        var dataset = await _service.AddDatasetAsync();
        var head = await TrainAsync(new StartRunRequest { Dataset = dataset, Recipe = Quick });

        var manifest = head.Manifest;
        Assert.Equal((dataset, head.DatasetDigest, head.Recipe, Some.Backbone.Fingerprint), (manifest.Dataset, manifest.DatasetDigest, manifest.Recipe, manifest.BackboneFingerprint));
        Assert.Equal((8ul, 0.5f, 12), (manifest.Recipe.Seed, manifest.Recipe.Dropout, manifest.Recipe.BatchSize));
        Assert.All([manifest.SplitDigest, manifest.VectorsDigest, manifest.ModelDigest], digest => Assert.Equal(64, digest.Length));
        Assert.Contains(".NET", manifest.Runtime);
        Assert.Contains(manifest.VectorBits, new[] { 64, 128, 256, 512 });
        Assert.Equal((head.Evaluation.Accuracy, head.Evaluation.Temperature), (manifest.Metrics.Accuracy, manifest.Metrics.Temperature));
    }

    [Fact]
    public async Task What_differs_from_the_manifest_is_refused_with_both_values()
    {
        var dataset = await _service.AddDatasetAsync();
        var manifest = (await TrainAsync(new StartRunRequest { Dataset = dataset, Recipe = Quick })).Manifest;

        await RefusedAsync(changed => changed.BackboneFingerprint = new string('e', 64), "backbone_fingerprint", new string('e', 64), Some.Backbone.Fingerprint);
        await RefusedAsync(changed => changed.TrainerVersion = "0", "trainer_version", "0", manifest.TrainerVersion);
        await RefusedAsync(changed => changed.SplitDigest = new string('d', 64), "split_digest", new string('d', 64), manifest.SplitDigest);
        await RefusedAsync(changed => changed.WarmStartDigest = new string('f', 64), "warm_start_digest", new string('f', 64), "same version");
        await AddOneAsync(dataset);
        var now = (await _service.Datasets.GetDatasetAsync(new GetDatasetRequest { Dataset = dataset })).Digest;
        await RefusedAsync(_ => { }, "dataset_digest", manifest.DatasetDigest, now, dataset);

        async Task RefusedAsync(Action<Manifest> change, params string[] says)
        {
            var changed = manifest.Clone();
            change(changed);
            await Some.RefusedAsync(StatusCode.FailedPrecondition, async () => await TrainAsync(new StartRunRequest { Manifest = changed }), says);
        }
    }

    [Fact]
    public async Task A_dataset_that_changes_while_the_run_waits_fails_the_run()
    {
        var dataset = await _service.AddDatasetAsync();
        var manifest = (await TrainAsync(new StartRunRequest { Dataset = dataset, Recipe = Quick })).Manifest;
        var ahead = await StartAsync(new StartRunRequest { Dataset = dataset, Recipe = new Recipe { Epochs = 10_000 } });
        var waiting = await StartAsync(new StartRunRequest { Manifest = manifest });

        await AddOneAsync(dataset);
        await _service.Training.CancelRunAsync(new CancelRunRequest { RunId = ahead.RunId });

        var failed = (await _service.WatchAsync(waiting.RunId))[^1].Failed;
        Assert.Equal((int)StatusCode.FailedPrecondition, failed.Code);
        Assert.Contains(manifest.DatasetDigest, failed.Message);
    }

    [Fact]
    public async Task Vectors_that_are_other_bits_than_the_manifests_fail_the_run()
    {
        var dataset = await _service.AddDatasetAsync();
        var manifest = (await TrainAsync(new StartRunRequest { Dataset = dataset, Recipe = Quick })).Manifest;
        var example = (await _service.Get<DatasetStore>().ReadAsync(dataset))!.Examples[5];
        Assert.True(ImageHash.TryRead(example.ImageHash.Span, out var image));
        await _service.Get<VectorStore>().DeleteAsync(Some.Backbone.Fingerprint, [image]);
        await _service.Get<VectorStore>().SetAsync(Some.Backbone.Fingerprint, image, SyntheticVectors.Vector(12_345, 1));

        var run = await StartAsync(new StartRunRequest { Manifest = manifest });

        var failed = (await _service.WatchAsync(run.RunId))[^1].Failed;
        Assert.Equal((int)StatusCode.FailedPrecondition, failed.Code);
        Assert.Contains("vectors_digest", failed.Message);
        Assert.Contains(manifest.VectorsDigest, failed.Message);
    }

    [Fact]
    public async Task A_manifest_beside_a_recipe_and_one_that_is_none_are_refused()
    {
        var dataset = await _service.AddDatasetAsync();

        await Some.RefusedAsync(StatusCode.InvalidArgument, async () => await StartAsync(new StartRunRequest { Recipe = Quick, Manifest = new Manifest() }), "recipe", "manifest");
        await Some.RefusedAsync(StatusCode.InvalidArgument, async () => await StartAsync(new StartRunRequest { Dataset = dataset, Manifest = new Manifest() }), "manifest.recipe");
    }

    private async Task<Run> StartAsync(StartRunRequest request)
    {
        request.Head = _head;
        return await _service.Training.StartRunAsync(request);
    }

    private async Task<Head> TrainAsync(StartRunRequest request)
    {
        var run = await StartAsync(request);
        var last = (await _service.WatchAsync(run.RunId))[^1];
        Assert.True(last.Finished is not null, last.Failed?.Message);
        return await _service.Heads.GetHeadAsync(new GetHeadRequest { Head = _head, Version = last.Finished!.Version });
    }

    private async Task AddOneAsync(string dataset)
    {
        var image = Some.Image();
        await _service.Get<VectorStore>().SetAsync(Some.Backbone.Fingerprint, image, SyntheticVectors.Vector(1, 1));
        await _service.AddExamplesAsync(Some.Example(dataset, image, "label 1"));
    }
}
