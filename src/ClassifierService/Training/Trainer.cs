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
    /// <summary>To be raised whenever the same data and recipe would train other bits.</summary>
    public const string Version = "2";

    private readonly TrainingData _data;
    private readonly Recipe _recipe;
    private readonly TrainingNetwork _network;
    private readonly EpochTrainer _epochs;
    private readonly NetworkEvaluator _evaluator;
    private readonly TrainingObjective _objective;
    private readonly BestEpoch? _best;
    private readonly int[] _order;

    /// <param name="data">At least one training row.</param>
    /// <param name="recipe">With every default filled in.</param>
    /// <param name="threads">How many threads to use, the caller's included.</param>
    /// <param name="previous">A head to begin from, of the same inputs and hidden layers; null: from fresh weights.</param>
    public Trainer(TrainingData data, Recipe recipe, int threads, DenseHead? previous = null)
    {
        _data = data;
        _recipe = recipe;
        _order = [.. data.TrainingRows];
        _network = new TrainingNetwork(data.Dimensions, data.Labels.Count, recipe);
        if (previous is not null) _network.TakeOver(previous, data.Labels);
        _objective = TrainingObjective.Of(recipe, data);
        _best = recipe.EarlyStopping is { } rule ? new BestEpoch(rule, _network) : null;
        _epochs = new EpochTrainer(_network, recipe, _objective, Math.Min(recipe.BatchSize, _order.Length), threads);
        _evaluator = new NetworkEvaluator(_network, threads);
    }

    public TrainingNetwork Network => _network;

    /// <summary>The epoch whose weights are the result: the last one so far, with early stopping the best.</summary>
    public int ResultEpoch { get; private set; }

    /// <summary>Bytes that training takes beside the matrix of vectors.</summary>
    public static long WorkingBytes(int dimensions, int labels, Recipe recipe, int trainingExamples)
    {
        long batch = Math.Min(recipe.BatchSize, trainingExamples);
        var moments = ParameterUpdate.MomentsOf(recipe.Optimizer) + (recipe.EarlyStopping is null ? 0 : 1);
        return TrainingNetwork.Shapes(dimensions, labels, recipe).Sum(shape =>
            TrainingLayer.Bytes(shape.Inputs, shape.Units, moments)
            + (2 * ActivationBuffer.Bytes((int)batch, shape.Inputs))
            + ActivationBuffer.Bytes((int)batch, shape.Units)
            + ParameterUpdate.Bytes((int)batch, TrainingLayer.RoundUp(shape.Units, TrainingLayer.PanelWidth))
            + LayerForward.Bytes(TrainingLayer.RoundUp(shape.Units, TrainingLayer.PanelWidth)))
            + ActivationBuffer.Bytes((int)batch, labels);
    }

    /// <summary>One result an epoch, as it ends; with early stopping, the best epoch's weights are back when there are no more.</summary>
    /// <exception cref="Failure">The loss is no longer a number.</exception>
    public IEnumerable<Epoch> Run(CancellationToken cancellation)
    {
        var enough = false;
        for (var number = 1; number <= _recipe.Epochs && !enough; number++)
        {
            var epoch = RunEpoch(number, cancellation);
            enough = _best?.Add(epoch) ?? false;
            ResultEpoch = _best?.Number ?? number;
            yield return epoch;
        }

        _best?.Restore();
    }

    /// <returns>What the head does on the validation rows; null when there are none.</returns>
    public Evaluation? Evaluate()
    {
        if (_data.ValidationRows.Length == 0) return null;
        using var outputs = new ValidationOutputs(_evaluator, _data);
        return EvaluationReport.Of(_data, outputs);
    }

    /// <summary>A copy of what was learnt so far.</summary>
    /// <param name="backboneFingerprint">Whose vectors it learnt from.</param>
    /// <param name="temperature">At which it serves.</param>
    /// <param name="unknown">Fitted from the same data; null: none.</param>
    public DenseHead ToHead(string backboneFingerprint, float temperature, UnknownDetector? unknown = null) => new(
        _data.Labels,
        backboneFingerprint,
        [.. _network.Layers.Select(layer => new DenseLayer(
            layer.Inputs, layer.Units, layer.CopyWeights(), layer.CopyBiases(),
            layer == _network.Output ? DenseActivation.Softmax : DenseActivation.Relu))],
        temperature)
    {
        Unknown = unknown,
    };

    public void Dispose()
    {
        _best?.Dispose();
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
            epoch.ValLoss = (float)results.Average(_objective.Loss);
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
