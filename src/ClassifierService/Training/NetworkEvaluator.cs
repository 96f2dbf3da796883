namespace Topfive.ClassifierService;

/// <summary>Measures a network on examples, without dropout and without changing it.</summary>
internal sealed unsafe class NetworkEvaluator(TrainingNetwork network, int threads) : IDisposable
{
    private const int BlockRows = MicroBatch.Most;

    private readonly ThreadCrew _crew = new(threads);

    // By thread, then by layer.
    private readonly ActivationBuffer[][] _inputs =
        [.. Enumerable.Range(0, threads).Select(_ => (ActivationBuffer[])[.. network.Layers.Select(layer => new ActivationBuffer(BlockRows, layer.Inputs))])];
    private readonly LayerForward[][] _forwards =
        [.. Enumerable.Range(0, threads).Select(_ => (LayerForward[])[.. network.Layers.Select(layer => new LayerForward(layer, isOutput: layer == network.Output))])];

    // By thread.
    private readonly ActivationBuffer[] _logits = [.. Enumerable.Range(0, threads).Select(_ => new ActivationBuffer(BlockRows, network.Output.Units))];

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
                    _logits[thread].RowSpan(example, network.Output.Units).CopyTo(logits.RowSpan(start + example, network.Output.Units));
                }

                EvaluateBlock(data, rows.AsSpan(start, count), results.AsSpan(start, count), thread);
            }
        });
        return results;
    }

    public void Dispose()
    {
        foreach (var part in _inputs.SelectMany(IEnumerable<IDisposable> (parts) => parts).Concat(_forwards.SelectMany(parts => parts)).Concat(_logits)) part.Dispose();
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
        var logits = _logits[thread];
        for (var example = 0; example < rows.Length; example++)
        {
            results[example] = CrossEntropy.Evaluate(
                logits.Row(example), logits.Row(example), network.Output.Units, data.LabelIndexes[rows[example]]);
        }
    }

    private void Forward(int index, int batch, int thread)
    {
        var (layer, forward, examples) = (network.Layers[index], _forwards[thread][index], new MicroBatch(0, batch));
        forward.Begin(examples, dropout: 0, random: default, 0, layer.Units);
        for (var tile = 0; tile < layer.Tiles; tile++) forward.AddProducts(_inputs[thread][index], examples, tile, 0, layer.Units);
        forward.Finish(layer == network.Output ? _logits[thread] : _inputs[thread][index + 1], examples, dropout: 0, 0, layer.Units);
    }
}
