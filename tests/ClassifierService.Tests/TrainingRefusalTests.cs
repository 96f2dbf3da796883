using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Xunit;

namespace Topfive.ClassifierService.Tests;

/// <summary>Runs that can never work are refused before they are queued.</summary>
public sealed class TrainingRefusalTests(EmbeddedService embedded)
{
    private readonly ServiceUnderTest _service = embedded.Service;
    private readonly string _head = Some.Name("head");

    [Fact]
    public async Task A_dataset_with_one_label_is_refused()
    {
        var dataset = await _service.AddDatasetAsync(examples: 6, labels: 1);

        await Some.RefusedAsync(StatusCode.InvalidArgument, () => StartAsync(dataset, new Recipe()), dataset, "label 0", "1", "2");
    }

    [Fact]
    public async Task A_label_with_one_image_or_without_training_images_is_refused_by_name()
    {
        var dataset = await _service.AddDatasetAsync();
        var images = new[] { Some.Image(), Some.Image(), Some.Image() };
        foreach (var image in images) await _service.Get<VectorStore>().SetAsync(Some.Backbone.Fingerprint, image, SyntheticVectors.Vector(1, 0));
        await _service.AddExamplesAsync(Some.Example(dataset, images[0], "lonely"));

        await Some.RefusedAsync(StatusCode.InvalidArgument, () => StartAsync(dataset, new Recipe()), "lonely", "1 image", "2");

        await _service.AddExamplesAsync(images.Select(image => Some.Example(dataset, image, "unseen", Split.Validation)));
        await Some.RefusedAsync(StatusCode.InvalidArgument, () => StartAsync(dataset, new Recipe()), "unseen", "0 training", "1");
    }

    public static TheoryData<Recipe, StatusCode, string[]> BadRecipes => new()
    {
        { new Recipe { HiddenUnits = { 8_193 } }, StatusCode.InvalidArgument, ["hidden_units", "8193", "8192"] },
        { new Recipe { HiddenUnits = { 0 } }, StatusCode.InvalidArgument, ["hidden_units", "0", "1"] },
        { new Recipe { HiddenUnits = { 1, 1, 1, 1, 1, 1, 1, 1, 1 } }, StatusCode.InvalidArgument, ["hidden_units", "9", "8"] },
        { new Recipe { HiddenUnits = { 1 }, NoHiddenLayers = true }, StatusCode.InvalidArgument, ["no_hidden_layers", "hidden_units"] },
        { new Recipe { Dropout = 1 }, StatusCode.InvalidArgument, ["dropout", "1"] },
        { new Recipe { Dropout = float.NaN }, StatusCode.InvalidArgument, ["dropout", "NaN"] },
        { new Recipe { LearningRate = 0 }, StatusCode.InvalidArgument, ["learning_rate", "0", "10"] },
        { new Recipe { LearningRate = 11 }, StatusCode.InvalidArgument, ["learning_rate", "11", "10"] },
        { new Recipe { BatchSize = 0 }, StatusCode.InvalidArgument, ["batch_size", "0", "65536"] },
        { new Recipe { Epochs = 10_001 }, StatusCode.InvalidArgument, ["epochs", "10001", "10000"] },
        { new Recipe { Optimizer = (Optimizer)9 }, StatusCode.InvalidArgument, ["optimizer", "9"] },
        { new Recipe { Optimizer = Optimizer.Adam, Momentum = 0.5f }, StatusCode.InvalidArgument, ["momentum", "0.5", "Adam", "SGD"] },
        { new Recipe { Optimizer = Optimizer.Sgd, Momentum = 1 }, StatusCode.InvalidArgument, ["momentum", "1", "below 1"] },
        { new Recipe { EarlyStopping = new EarlyStopping() }, StatusCode.InvalidArgument, ["early_stopping.patience", "0", "10000"] },
        { new Recipe { EarlyStopping = new EarlyStopping { Patience = 1, MinDelta = -1 } }, StatusCode.InvalidArgument, ["early_stopping.min_delta", "-1"] },
        { new Recipe { LabelSmoothing = 1 }, StatusCode.InvalidArgument, ["label_smoothing", "1"] },
        { new Recipe { ClassWeights = Weights("label 0", 0) }, StatusCode.InvalidArgument, ["class_weights", "label 0", "0", "1,000,000"] },
        { new Recipe { ClassWeights = Weights("label 0", float.NaN) }, StatusCode.InvalidArgument, ["class_weights", "label 0", "NaN"] },
        { new Recipe { ClassWeights = Weights("label 9", 2) }, StatusCode.InvalidArgument, ["class_weights", "label 9", "does not have"] },
        { new Recipe { ClassWeights = new ClassWeights { Balanced = true, Weights = { ["label 0"] = 2 } } }, StatusCode.InvalidArgument, ["class_weights", "balanced", "1 weights"] },
        { new Recipe { HiddenUnits = { 8_192, 8_192 } }, StatusCode.InvalidArgument, ["bytes", "268,435,456", "Training__MemoryLimit"] },
    };

    [Theory]
    [MemberData(nameof(BadRecipes))]
    public async Task A_recipe_out_of_range_is_refused(Recipe recipe, StatusCode code, string[] says)
    {
        var dataset = await _service.AddDatasetAsync(examples: 8, labels: 2);

        await Some.RefusedAsync(
            code, async () => await _service.Training.StartRunAsync(new StartRunRequest { Dataset = dataset, Head = _head, Recipe = recipe }), says);
    }

    [Fact]
    public async Task Early_stopping_needs_a_validation_example()
    {
        var dataset = await _service.AddDatasetAsync(examples: 8, labels: 4);

        await Some.RefusedAsync(
            StatusCode.InvalidArgument,
            async () => await _service.Training.StartRunAsync(new StartRunRequest
            {
                Dataset = dataset,
                Head = _head,
                Recipe = new Recipe { EarlyStopping = new EarlyStopping { Patience = 2 } },
            }),
            "early_stopping", dataset, "0 validation");
    }

    [Theory]
    [InlineData("")]
    [InlineData("tab\t")]
    public async Task A_head_that_cannot_be_named_so_is_refused(string head) => await Some.RefusedAsync(
        StatusCode.InvalidArgument,
        async () => await _service.Training.StartRunAsync(new StartRunRequest { Dataset = "any", Head = head }), "head");

    private static ClassWeights Weights(string label, float weight) => new() { Weights = { [label] = weight } };

    private async Task StartAsync(string dataset, Recipe recipe) =>
        await _service.Training.StartRunAsync(new StartRunRequest { Dataset = dataset, Head = _head, Recipe = recipe });
}
