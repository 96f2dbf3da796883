namespace Topfive.ClassifierService;

/// <summary>Measures a network on examples, without dropout and without changing it.</summary>
internal sealed unsafe class NetworkEvaluator(TrainingNetwork network, int threads) : IDisposable
{
    private const int BlockRows = 64;
    private const int TileRows = 64;

    private readonly ThreadCrew _crew = new(threads);

    // By thread, then by layer.
    private readonly ActivationBuffer[][] _inputs =
        [.. Enumerable.Range(0, threads).Select(_ => (ActivationBuffer[])[.. network.Layers.Select(layer => new ActivationBuffer(BlockRows, layer.Inputs))])];
    private readonly ActivationBuffer[][] _sums =
        [.. Enumerable.Range(0, threads).Select(_ => (ActivationBuffer[])[.. network.Layers.Select(layer => new ActivationBuffer(BlockRows, layer.Units))])];

    /// <param name="data">What the rows are of.</param>
    /// <param name="rows">Rows of the data.</param>
    /// <param name="logits">Gets the logits, a row of its own for each of <paramref name="rows"/>; null: nobody wants them.</param>
    /// <returns>One result a row, in the order of <paramref name="rows"/>.</returns>
    public ExampleResult[] Evaluate(TrainingData data, int[] rows, ActivationBuffer? logits = null)
    {
        var results = new ExampleResult[rows.Length];
        _crew.Run(thread =>
        {
            var (first, end) = _crew.Share(rows.Length, thread);
            for (var start = first; start < end; start += BlockRows)
            {
                var count = Math.Min(BlockRows, end - start);
                ForwardBlock(data, rows.AsSpan(start, count), thread);
                for (var example = 0; example < count && logits is not null; example++)
                {
                    _sums[thread][^1].RowSpan(example, network.Output.Units).CopyTo(logits.RowSpan(start + example, network.Output.Units));
                }

                EvaluateBlock(data, rows.AsSpan(start, count), results.AsSpan(start, count), thread);
            }
        });
        return results;
    }

    public void Dispose()
    {
        foreach (var buffer in _inputs.Concat(_sums).SelectMany(buffers => buffers)) buffer.Dispose();
    }

    private void ForwardBlock(TrainingData data, ReadOnlySpan<int> rows, int thread)
    {
        for (var example = 0; example < rows.Length; example++)
        {
            data.Row(rows[example]).CopyTo(_inputs[thread][0].RowSpan(example, data.Dimensions));
        }

        for (var layer = 0; layer < network.Layers.Count; layer++) Forward(layer, rows.Length, thread);
    }

    private void EvaluateBlock(TrainingData data, ReadOnlySpan<int> rows, Span<ExampleResult> results, int thread)
    {
        var logits = _sums[thread][^1];
        for (var example = 0; example < rows.Length; example++)
        {
            results[example] = CrossEntropy.Evaluate(
                logits.Row(example), logits.Row(example), network.Output.Units, data.LabelIndexes[rows[example]]);
        }
    }

    private void Forward(int index, int batch, int thread)
    {
        var layer = network.Layers[index];
        var (inputs, sums) = (_inputs[thread][index], _sums[thread][index]);
        for (var panel = 0; panel < layer.Panels; panel++)
        {
            PanelForward.Clear(sums, panel, batch);
            for (var row = 0; row < layer.PaddedInputs; row += TileRows)
            {
                Kernels.AddProducts(
                    layer.Weights(panel) + ((long)row * TrainingLayer.PanelWidth), Math.Min(TileRows, layer.PaddedInputs - row),
                    inputs.Row(0) + row, inputs.Stride, sums.Row(0) + (panel * TrainingLayer.PanelWidth), sums.Stride, batch);
            }

            if (layer == network.Output) PanelForward.AddBiases(layer, panel, sums, batch);
            else PanelForward.Activate(layer, panel, sums, _inputs[thread][index + 1], batch, dropout: 0, default);
        }
    }
}
