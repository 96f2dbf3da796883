using Topfive.Classifier.V1;
using Topfive.ServiceDefaults;
using Topfive.TestKit;
using Xunit;

namespace Topfive.ClassifierService.Tests;

public sealed class TrainerTests
{
    [Theory]
    [InlineData(0f)]
    [InlineData(0.5f)]
    public void A_step_follows_the_gradient_that_finite_differences_give(float dropout)
    {
        // One step of RMSprop from zero moments moves a parameter by lr · g / √(0.1 g² + 1e-7); solved for g, every
        // parameter's gradient can be read off its move.
        const float LearningRate = 0.01f;
        var recipe = Recipe(hidden: [9, 6], dropout: dropout, learningRate: LearningRate, batchSize: 5);
        var data = SyntheticVectors.Data(training: 5, validation: 0, dimensions: 7, labels: 4);
        using var network = new TrainingNetwork(data.Dimensions, 4, recipe);
        var before = new DoubleNetwork(network, recipe);
        using (var trainer = new EpochTrainer(network, recipe, TrainingObjective.Of(recipe, data), 5, threads: 2))
        {
            trainer.TrainEpoch(data, data.TrainingRows, CancellationToken.None);
        }

        for (var layer = 0; layer < network.Layers.Count; layer++)
        {
            Check(before.Weights[layer], network.Layers[layer].CopyWeights());
            Check(before.Biases[layer], network.Layers[layer].CopyBiases());
        }

        void Check(double[] parameters, float[] after)
        {
            for (var i = 0; i < parameters.Length; i++)
            {
                var original = parameters[i];
                var move = (original - after[i]) / LearningRate;
                var gradient = Math.Sign(move) * Math.Sqrt(1e-7 * move * move / (1 - (0.1 * move * move)));
                const double Width = 1e-5;
                parameters[i] = original + Width;
                var above = before.Loss(data);
                parameters[i] = original - Width;
                var below = before.Loss(data);
                parameters[i] = original;
                var difference = (above - below) / (2 * Width);
                // A move near √10 is one of a large gradient; there the move says little more than the sign.
                if (Math.Abs(move) > 2.5) Assert.True(difference * move > 0 && Math.Abs(difference) > 5e-4);
                else Assert.Equal(difference, gradient, 2e-6 + (0.005 * Math.Abs(difference)));
            }
        }
    }

    public static MatrixTheoryData<int, Optimizer> ThreadsAndOptimizers =>
        new([1, 2, 3], [Optimizer.Rmsprop, Optimizer.Adam, Optimizer.Sgd]);

    [Theory]
    [MemberData(nameof(ThreadsAndOptimizers))]
    public void The_same_seed_gives_the_same_bits_on_any_number_of_threads(int threads, Optimizer optimizer)
    {
        var data = SyntheticVectors.Data(training: 301, validation: 40, dimensions: 130, labels: 70);
        var recipe = Recipe(hidden: [100, 64], dropout: 0.5f, learningRate: 0.001f, batchSize: 12, epochs: 3, seed: 99);
        recipe.Optimizer = optimizer;
        recipe.Momentum = 0.9f;
        recipe.LabelSmoothing = 0.1f;
        recipe.ClassWeights = new ClassWeights { Balanced = true };
        recipe.EarlyStopping = new EarlyStopping { Patience = 1 };

        Assert.Equal(Bits(data, recipe, threads: 1), Bits(data, recipe, threads));
    }

    [Fact]
    public void Another_seed_gives_other_weights()
    {
        var data = SyntheticVectors.Data(training: 30, validation: 0, dimensions: 16, labels: 3);

        Assert.NotEqual(Bits(data, Recipe(seed: 1), 1), Bits(data, Recipe(seed: 2), 1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_separable_problem_is_learnt_completely(bool hiddenLayer)
    {
        var data = SyntheticVectors.Data(training: 200, validation: 50, dimensions: 32, labels: 5);
        var recipe = Recipe(hidden: hiddenLayer ? [64] : [], learningRate: 0.003f, epochs: 40);
        using var trainer = new Trainer(data, recipe, 2);

        var last = trainer.Run(CancellationToken.None).Last();

        Assert.Equal(1, last.ValAccuracy);
        Assert.True(last.Loss < 0.1, $"loss {last.Loss}");
        Assert.Equal(1, trainer.Evaluate()!.Accuracy);
        Assert.All(trainer.Evaluate()!.Labels, label => Assert.Equal((1, 1, 10), (label.Precision, label.Recall, label.Support)));
    }

    [Fact]
    public void The_last_batch_is_used_though_it_is_smaller()
    {
        // The last row alone has label 2; in a batch of its own, it alone can raise that label's bias.
        var data = SyntheticVectors.Data(training: 9, validation: 0, dimensions: 8, labels: 2) with { Labels = ["a", "b", "c"] };
        data.LabelIndexes[8] = 2;

        Assert.True(BiasAfter(order: [0, 1, 2, 3, 4, 5, 6, 7, 8]) > BiasAfter(order: [0, 1, 2, 3, 4, 5, 6, 7]));

        float BiasAfter(int[] order)
        {
            var recipe = Recipe(hidden: [], batchSize: 4);
            using var network = new TrainingNetwork(8, 3, recipe);
            using var trainer = new EpochTrainer(network, recipe, TrainingObjective.Of(recipe, data), 4, 1);
            trainer.TrainEpoch(data, order, CancellationToken.None);
            return network.Output.CopyBiases()[2];
        }
    }

    [Fact]
    public void Dropout_drops_its_share_and_keeps_the_expected_activation()
    {
        const int Batch = 400, Units = 96;
        using var layer = new TrainingLayer(4, Units);
        layer.Load(new float[4 * Units], [.. Enumerable.Repeat(2f, Units)]);
        using var inputs = new ActivationBuffer(Batch, 4);
        using var activations = new ActivationBuffer(Batch, Units);
        using var forward = new LayerForward(layer, isOutput: false);
        var random = new RandomStream(5, RandomPurpose.Dropout, 0);

        for (var number = 0; number < MicroBatch.CountOf(Batch); number++)
        {
            var examples = MicroBatch.Of(Batch, number);
            forward.Begin(examples, dropout: 0.3f, random, 0, Units);
            forward.AddProducts(inputs, examples, tile: 0, 0, Units);
            forward.Finish(activations, examples, dropout: 0.3f, 0, Units);
        }

        var values = Enumerable.Range(0, Batch).SelectMany(row => activations.RowSpan(row, Units).ToArray()).ToArray();
        Assert.Equal(0.3, values.Count(value => value == 0) / (double)values.Length, 0.01);
        Assert.Equal(2, values.Average(), 0.03);
        Assert.All(values, value => Assert.True(value == 0 || Math.Abs(value - (2 / 0.7)) < 1e-5));
    }

    [Fact]
    public void A_run_without_validation_rows_reports_no_val_figures()
    {
        using var trainer = new Trainer(SyntheticVectors.Data(12, 0, 8, 3), Recipe(epochs: 1), 2);

        var epoch = trainer.Run(CancellationToken.None).Single();

        Assert.False(epoch.HasValLoss || epoch.HasValAccuracy || epoch.HasValTop5Accuracy);
        Assert.Null(trainer.Evaluate());
    }

    [Fact]
    public void A_run_that_diverges_says_so_and_names_the_learning_rate()
    {
        var data = SyntheticVectors.Data(40, 0, 8, 3);
        data.Matrix.Write(0, [.. Enumerable.Repeat(3e38f, 40 * 8)]);
        using var trainer = new Trainer(data, Recipe(learningRate: 10), 1);

        var failure = Assert.Throws<Failure>(() => trainer.Run(CancellationToken.None).ToList());

        Assert.Contains("learning_rate", failure.Message);
    }

    [Fact]
    public void A_cancelled_epoch_stops_on_every_thread()
    {
        using var cancellation = new CancellationTokenSource();
        using var trainer = new Trainer(SyntheticVectors.Data(4_000, 0, 256, 8), Recipe(epochs: 1_000), 2);

        Assert.Throws<OperationCanceledException>(() =>
        {
            foreach (var epoch in trainer.Run(cancellation.Token))
            {
                if (epoch.Epoch_ == 2) cancellation.Cancel();
            }
        });
    }

    [Fact]
    public void A_mapped_file_gives_the_same_bits_as_memory_and_has_no_name()
    {
        using var directory = new TempDirectory();
        var data = SyntheticVectors.Data(training: 90, validation: 10, dimensions: 24, labels: 5);
        using var mapped = new SnapshotMatrix(directory.Path, rows: 100, dimensions: 24);
        for (var row = 0; row < 100; row += 10)
        {
            mapped.Write(row, [.. Enumerable.Range(row, 10).SelectMany(next => data.Row(next).ToArray())]);
        }

        Assert.Equal(Bits(data, Recipe(), threads: 2), Bits(data with { Matrix = mapped }, Recipe(), threads: 2));
        if (!OperatingSystem.IsWindows()) Assert.Empty(Directory.EnumerateFileSystemEntries(directory.Path));
    }

    [Fact]
    public void A_disk_without_room_for_the_vectors_is_said_with_the_setting_and_nothing_is_left_there()
    {
        using var directory = new TempDirectory();
        const int RowBytes = 1 << 20;
        var rows = (int)((new DriveInfo(directory.Path).AvailableFreeSpace / RowBytes) + 1_024);

        var failure = Assert.Throws<Failure>(() => new SnapshotMatrix(directory.Path, rows, RowBytes / sizeof(float)));

        Assert.Equal(FailureKind.OutOfSpace, failure.Kind);
        Assert.Contains("Training__SnapshotDirectory", failure.Message);
        Assert.Contains(directory.Path, failure.Message);
        Assert.Contains($"{(long)rows * RowBytes:N0} bytes", failure.Message);
        Assert.Empty(Directory.EnumerateFileSystemEntries(directory.Path));
    }

    private static int[] Bits(TrainingData data, Recipe recipe, int threads)
    {
        using var trainer = new Trainer(data, recipe, threads);
        foreach (var _ in trainer.Run(CancellationToken.None))
        {
        }

        return [.. trainer.Network.Layers.SelectMany(layer => layer.CopyWeights().Concat(layer.CopyBiases())).Select(BitConverter.SingleToInt32Bits)];
    }

    private static Recipe Recipe(
        int[]? hidden = null, float dropout = 0.5f, float learningRate = 0.001f, int batchSize = 12, int epochs = 2, ulong seed = 1) =>
        RecipeRules.Complete(new Recipe
        {
            HiddenUnits = { hidden ?? [16] },
            NoHiddenLayers = hidden is [],
            Dropout = dropout,
            LearningRate = learningRate,
            BatchSize = batchSize,
            Epochs = epochs,
            Seed = seed,
        });
}
