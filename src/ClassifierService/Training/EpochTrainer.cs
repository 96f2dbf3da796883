using System.Runtime.Intrinsics;
using Topfive.Classifier.V1;

namespace Topfive.ClassifierService;

/// <summary>
/// Teaches a network batch by batch: the recipe's optimizer on categorical cross-entropy.
/// <para>
/// A step passes once over each layer's weights: it makes the update that the previous batch asked for and, on the same
/// tile while that is in the nearest cache, the products of the next batch. An epoch's last update is made at its end.
/// Threads own whole panels of units, so the order of every sum is the same on any number of threads.
/// </para>
/// </summary>
internal sealed unsafe class EpochTrainer : IDisposable
{
    /// <summary>Rows of a panel that are updated and multiplied together: 2 × 8 KiB of weights and moments.</summary>
    private const int TileRows = 64;

    private readonly TrainingNetwork _network;
    private readonly ThreadCrew _crew;
    private readonly int _batchSize;
    private readonly ParameterUpdate _update;
    private readonly TrainingObjective _objective;
    private readonly float _dropout;
    private readonly ulong _seed;

    // By layer; inputs twice, for the batch that is on its way and for the one whose update is pending.
    private readonly ActivationBuffer[][] _inputs;
    private readonly ActivationBuffer[] _sums;
    private readonly ActivationBuffer[] _deltas;
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
        _update = ParameterUpdate.Of(recipe);
        _objective = objective;
        _dropout = recipe.Dropout;
        _seed = recipe.Seed;
        var layers = network.Layers;
        _inputs = [.. layers.Select(layer => (ActivationBuffer[])[new(largestBatch, layer.Inputs), new(largestBatch, layer.Inputs)])];
        _sums = [.. layers.Select(layer => new ActivationBuffer(largestBatch, layer.Units))];
        _deltas = [.. layers.Select(layer => new ActivationBuffer(largestBatch, layer.Units))];
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
        foreach (var buffer in (IEnumerable<ActivationBuffer>)[.. _inputs.SelectMany(pair => pair), .. _sums, .. _deltas])
        {
            buffer.Dispose();
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
        var layer = _network.Layers[index];
        var (first, end) = _crew.Share(layer.Panels, thread);
        for (var panel = first; panel < end; panel++)
        {
            PanelForward.Clear(_sums[index], panel, batch);
            for (var row = 0; row < layer.PaddedInputs; row += TileRows)
            {
                var rows = Math.Min(TileRows, layer.PaddedInputs - row);
                if (pending > 0) _update.UpdateWeights(layer, panel, row, rows, _inputs[index][buffer ^ 1], _deltas[index], pending, step);
                if (batch > 0) ForwardTile(index, panel, row, rows, batch, buffer);
            }

            if (pending > 0) _update.UpdateBiases(layer, panel, _deltas[index], pending, step);
            if (layer == _network.Output)
            {
                PanelForward.AddBiases(layer, panel, _sums[index], batch);
            }
            else
            {
                var random = new RandomStream(_seed, RandomPurpose.Dropout, (step * 64) + (ulong)index);
                PanelForward.Activate(layer, panel, _sums[index], _inputs[index + 1][buffer], batch, _dropout, random);
            }
        }
    }

    private void ForwardTile(int index, int panel, int row, int rows, int batch, int buffer)
    {
        var (inputs, sums) = (_inputs[index][buffer], _sums[index]);
        Kernels.AddProducts(
            _network.Layers[index].Weights(panel) + ((long)row * TrainingLayer.PanelWidth), rows,
            inputs.Row(0) + row, inputs.Stride, sums.Row(0) + (panel * TrainingLayer.PanelWidth), sums.Stride, batch);
    }

    /// <summary>Softmax and loss of this thread's examples, and the loss's gradient by their logits.</summary>
    private void EvaluateOutputs(TrainingData data, ReadOnlySpan<int> rows, int thread)
    {
        var (logits, deltas) = (_sums[^1], _deltas[^1]);
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
        var scale = Vector128.Create(1 / (1 - _dropout));
        var (firstPanel, endPanel) = _crew.Share(below.Panels, thread);
        var end = Math.Min(endPanel * TrainingLayer.PanelWidth, layer.PaddedInputs);
        for (var unit = firstPanel * TrainingLayer.PanelWidth; unit < end; unit += 4)
        {
            for (var example = 0; example < batch; example++)
            {
                var gradient = Kernels.BackwardFour(layer, unit, _deltas[index].Row(example)) * scale;
                var active = Vector128.GreaterThan(Vector128.Load(outputs.Row(example) + unit), Vector128<float>.Zero);
                (gradient & active).Store(deltas.Row(example) + unit);
            }
        }
    }
}
