using System.Runtime.Intrinsics;
using Topfive.Classifier.V1;

namespace Topfive.ClassifierService;

/// <summary>
/// Teaches a network batch by batch: the recipe's optimizer on categorical cross-entropy.
/// <para>
/// A step passes once over each layer's weights: it makes the update that the previous batch asked for and, while the new
/// weights are in registers, the products of the next batch. What dropout and ReLU make zero is left out of both. An
/// epoch's last update is made at its end. Threads own whole units, so the order of every sum is the same on any number
/// of threads.
/// </para>
/// </summary>
internal sealed unsafe class EpochTrainer : IDisposable
{
    private const int Lanes = 16;

    private readonly TrainingNetwork _network;
    private readonly ThreadCrew _crew;
    private readonly int _batchSize;
    private readonly TrainingObjective _objective;
    private readonly float _dropout;
    private readonly ulong _seed;

    // By layer; inputs twice, for the batch that is on its way and for the one whose update is pending.
    private readonly ActivationBuffer[][] _inputs;
    private readonly ActivationBuffer[] _deltas;
    private readonly ParameterUpdate[] _updates;
    private readonly LayerForward[] _forwards;

    private readonly ActivationBuffer _logits;
    private readonly ExampleResult[] _results;

    private ulong _steps;
    private volatile bool _stop;

    /// <param name="network">What learns.</param>
    /// <param name="recipe">With every default filled in.</param>
    /// <param name="objective">What to make small.</param>
    /// <param name="largestBatch">Examples of the largest batch: the recipe's batch size, or all when there are fewer.</param>
    /// <param name="threads">How many threads a step uses, the caller's included.</param>
    public EpochTrainer(TrainingNetwork network, Recipe recipe, TrainingObjective objective, int largestBatch, int threads)
    {
        _network = network;
        _crew = new ThreadCrew(Math.Clamp(threads, 1, network.Layers.Max(layer => layer.Panels)));
        _batchSize = largestBatch;
        _objective = objective;
        _dropout = recipe.Dropout;
        _seed = recipe.Seed;
        var layers = network.Layers;
        _inputs = [.. layers.Select(layer => (ActivationBuffer[])[new(largestBatch, layer.Inputs), new(largestBatch, layer.Inputs)])];
        _deltas = [.. layers.Select(layer => new ActivationBuffer(largestBatch, layer.Units))];
        _updates = [.. layers.Select(layer => ParameterUpdate.Of(recipe, layer, largestBatch))];
        _forwards = [.. layers.Select(layer => new LayerForward(layer, isOutput: layer == network.Output))];
        _logits = new ActivationBuffer(largestBatch, network.Output.Units);
        _results = new ExampleResult[largestBatch];
    }

    /// <summary>One pass over the rows of <paramref name="order"/>, batch by batch; the last one may be smaller.</summary>
    /// <returns>Mean weighted loss and accuracy over the examples, each as it was when its batch came, with dropout on.</returns>
    public (double Loss, double Accuracy) TrainEpoch(TrainingData data, int[] order, CancellationToken cancellation)
    {
        double loss = 0, correct = 0;
        _stop = false;
        _crew.Run(thread =>
        {
            GatherInputs(data, order, 0, buffer: 0, thread);
            _crew.WaitForAll();
            int pending = 0, buffer = 0;
            for (var start = 0; start < order.Length && !_stop; start += _batchSize)
            {
                var batch = Math.Min(_batchSize, order.Length - start);
                var step = _steps + (ulong)(start / _batchSize);
                for (var layer = 0; layer < _inputs.Length; layer++)
                {
                    UpdateAndForward(layer, pending, batch, buffer, step, thread);
                    _crew.WaitForAll();
                }

                EvaluateOutputs(data, order.AsSpan(start, batch), thread);
                GatherInputs(data, order, start + batch, buffer ^ 1, thread);
                if (thread == 0) _stop = cancellation.IsCancellationRequested;
                _crew.WaitForAll();

                if (thread == 0)
                {
                    for (var example = 0; example < batch; example++)
                    {
                        loss += _objective.WeightedLoss(_results[example], data.LabelIndexes[order[start + example]]);
                        correct += _results[example].Rank == 0 ? 1 : 0;
                    }
                }

                for (var layer = _inputs.Length - 1; layer > 0; layer--)
                {
                    Backward(layer, batch, buffer, thread);
                    if (layer > 1) _crew.WaitForAll();
                }

                pending = batch;
                buffer ^= 1;
            }

            // Others may still read the weights that this thread is about to change.
            _crew.WaitForAll();
            var steps = _steps + (ulong)((order.Length + _batchSize - 1) / _batchSize);
            for (var layer = 0; layer < _inputs.Length; layer++)
            {
                UpdateAndForward(layer, pending, batch: 0, buffer, steps, thread);
            }
        });
        cancellation.ThrowIfCancellationRequested();
        _steps += (ulong)((order.Length + _batchSize - 1) / _batchSize);
        return (loss / order.Length, correct / order.Length);
    }

    public void Dispose()
    {
        foreach (var part in (IEnumerable<IDisposable>)[.. _inputs.SelectMany(pair => pair), .. _deltas, .. _updates, .. _forwards, _logits])
        {
            part.Dispose();
        }
    }

    /// <summary>Copies this thread's rows of the batch that begins at <paramref name="start"/> side by side.</summary>
    private void GatherInputs(TrainingData data, int[] order, int start, int buffer, int thread)
    {
        var batch = Math.Min(_batchSize, order.Length - start);
        var (first, end) = _crew.Share(batch, thread);
        for (var example = first; example < end; example++)
        {
            data.Row(order[start + example]).CopyTo(_inputs[0][buffer].RowSpan(example, data.Dimensions));
        }
    }

    /// <param name="index">The layer.</param>
    /// <param name="pending">Examples of the batch whose update is pending; 0: none is.</param>
    /// <param name="batch">Examples of the batch to multiply; 0: none.</param>
    /// <param name="buffer">That batch's inputs.</param>
    /// <param name="step">Batches before it, in all epochs: the pending update is of number step, from 1.</param>
    /// <param name="thread">This thread.</param>
    private void UpdateAndForward(int index, int pending, int batch, int buffer, ulong step, int thread)
    {
        var (layer, update, forward) = (_network.Layers[index], _updates[index], _forwards[index]);
        var (firstPanel, endPanel) = _crew.Share(layer.Panels, thread);
        var (first, end) = (firstPanel * TrainingLayer.PanelWidth, Math.Min(endPanel * TrainingLayer.PanelWidth, layer.Units));
        var (inputs, outputs) = (_inputs[index], layer == _network.Output ? _logits : _inputs[index + 1][buffer]);
        var random = new RandomStream(_seed, RandomPurpose.Dropout, (step * 64) + (ulong)index);
        if (pending > 0) update.Begin(inputs[buffer ^ 1], _deltas[index], pending, step, firstPanel, endPanel);
        for (var number = 0; number == 0 || number < MicroBatch.CountOf(batch); number++)
        {
            var microBatch = batch == 0 ? default : MicroBatch.Of(batch, number);
            forward.Begin(microBatch, _dropout, random, first, end);
            for (var tile = 0; tile < layer.Tiles; tile++)
            {
                if (pending == 0 || number > 0) forward.AddProducts(inputs[buffer], microBatch, tile, first, end);
                else
                {
                    var row = inputs[buffer].Row(0) + (tile * TrainingLayer.TileWidth);
                    update.UpdateAndForward(tile, inputs[buffer ^ 1], pending, step, forward, row, first, end);
                }
            }

            forward.Finish(outputs, microBatch, _dropout, first, end);
        }
    }

    /// <summary>Softmax and loss of this thread's examples, and the loss's gradient by their logits.</summary>
    private void EvaluateOutputs(TrainingData data, ReadOnlySpan<int> rows, int thread)
    {
        var (logits, deltas) = (_logits, _deltas[^1]);
        var (first, end) = _crew.Share(rows.Length, thread);
        for (var example = first; example < end; example++)
        {
            var trueLabel = data.LabelIndexes[rows[example]];
            var delta = deltas.Row(example);
            _results[example] = CrossEntropy.Evaluate(logits.Row(example), delta, _network.Output.Units, trueLabel);
            _objective.Differentiate(delta, _network.Output.Units, trueLabel, rows.Length);
        }
    }

    /// <summary>The loss's gradient by the sums of the layer below, through dropout and ReLU: zero where its output is.</summary>
    private void Backward(int index, int batch, int buffer, int thread)
    {
        var (layer, below) = (_network.Layers[index], _network.Layers[index - 1]);
        var (outputs, deltas) = (_inputs[index][buffer], _deltas[index - 1]);
        var scale = Vector512.Create(1 / (1 - _dropout));
        var gradients = stackalloc float[4 * TrainingLayer.PanelWidth];
        var (firstPanel, endPanel) = _crew.Share(below.Panels, thread);
        for (var panel = firstPanel; panel < endPanel; panel++)
        {
            var first = panel * TrainingLayer.PanelWidth;
            for (var example = 0; example < batch; example += 4)
            {
                Kernels.BackwardFour(layer, first, _deltas[index].Row(example), _deltas[index].Stride, gradients);
                for (var lane = 0; lane < 4 * TrainingLayer.PanelWidth; lane += Lanes)
                {
                    var (row, unit) = (example + (lane / TrainingLayer.PanelWidth), first + (lane % TrainingLayer.PanelWidth));
                    var active = Vector512.GreaterThan(Vector512.Load(outputs.Row(row) + unit), Vector512<float>.Zero);
                    (Vector512.Load(gradients + lane) * scale & active).Store(deltas.Row(row) + unit);
                }
            }
        }
    }
}
