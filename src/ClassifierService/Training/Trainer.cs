using System.Diagnostics;
using Topfive.Backbones;
using Topfive.Classifier.V1;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>
/// Trains one head as Keras' <c>fit</c> does: Glorot-uniform weights, examples reshuffled every epoch, the last batch kept
/// though it be smaller, loss and accuracy running over the epoch, validation after it. The same data, recipe and seed
/// give the same bits on any number of threads.
/// </summary>
internal sealed class Trainer : IDisposable
{
    private readonly TrainingData _data;
    private readonly Recipe _recipe;
    private readonly TrainingNetwork _network;
    private readonly EpochTrainer _epochs;
    private readonly NetworkEvaluator _evaluator;
    private readonly int[] _order;

    /// <param name="data">At least one training row.</param>
    /// <param name="recipe">With every default filled in.</param>
    /// <param name="threads">How many threads to use, the caller's included.</param>
    public Trainer(TrainingData data, Recipe recipe, int threads)
    {
        _data = data;
        _recipe = recipe;
        _order = [.. data.TrainingRows];
        _network = new TrainingNetwork(data.Dimensions, data.Labels.Count, recipe);
        _epochs = new EpochTrainer(_network, recipe, Math.Min(recipe.BatchSize, _order.Length), threads);
        _evaluator = new NetworkEvaluator(_network, threads);
    }

    public TrainingNetwork Network => _network;

    /// <summary>Bytes that training takes beside the matrix of vectors.</summary>
    public static long WorkingBytes(int dimensions, int labels, Recipe recipe, int trainingExamples)
    {
        long batch = Math.Min(recipe.BatchSize, trainingExamples);
        return TrainingNetwork.Shapes(dimensions, labels, recipe).Sum(shape =>
            TrainingLayer.Bytes(shape.Inputs, shape.Units)
            + (2 * ActivationBuffer.Bytes((int)batch, shape.Inputs))
            + (2 * ActivationBuffer.Bytes((int)batch, shape.Units)));
    }

    /// <summary>One result an epoch, as it ends.</summary>
    /// <exception cref="Failure">The loss is no longer a number.</exception>
    public IEnumerable<Epoch> Run(CancellationToken cancellation)
    {
        for (var epoch = 1; epoch <= _recipe.Epochs; epoch++)
        {
            yield return RunEpoch(epoch, cancellation);
        }
    }

    /// <returns>What the head does on the validation rows; null when there are none.</returns>
    public Evaluation? Evaluate() => _data.ValidationRows.Length == 0
        ? null
        : EvaluationReport.Of(
            _data.Labels, [.. _data.ValidationRows.Select(row => _data.LabelIndexes[row])], _evaluator.Evaluate(_data, _data.ValidationRows));

    /// <summary>A copy of what was learnt so far.</summary>
    public DenseHead ToHead(string backboneFingerprint) => new(
        _data.Labels,
        backboneFingerprint,
        [.. _network.Layers.Select(layer => new DenseLayer(
            layer.Inputs, layer.Units, layer.CopyWeights(), layer.CopyBiases(),
            layer == _network.Output ? DenseActivation.Softmax : DenseActivation.Relu))]);

    public void Dispose()
    {
        _epochs.Dispose();
        _evaluator.Dispose();
        _network.Dispose();
    }

    private Epoch RunEpoch(int number, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        new RandomStream(_recipe.Seed, RandomPurpose.Shuffle, (ulong)number).Shuffle(_order);
        var (loss, accuracy) = _epochs.TrainEpoch(_data, _order, cancellation);
        var epoch = new Epoch { Epoch_ = number, Loss = (float)loss, Accuracy = (float)accuracy };
        if (_data.ValidationRows.Length > 0)
        {
            var results = _evaluator.Evaluate(_data, _data.ValidationRows);
            epoch.ValLoss = EvaluationReport.MeanLoss(results);
            epoch.ValAccuracy = EvaluationReport.ShareWithin(results, 1);
            epoch.ValTop5Accuracy = EvaluationReport.ShareWithin(results, 5);
        }

        if (!float.IsFinite(epoch.Loss) || !float.IsFinite(epoch.ValLoss))
        {
            throw Failure.InvalidInput(
                $"training diverged: the loss is not a number after epoch {number}; lower recipe.learning_rate, which is {_recipe.LearningRate}");
        }

        epoch.Seconds = (float)Stopwatch.GetElapsedTime(started).TotalSeconds;
        return epoch;
    }
}
