namespace Topfive.Backbones;

/// <summary>Chooses which activations are written as bytes, and the range of each.</summary>
internal static class ActivationRanges
{
    /// <returns>By tensor; what is not in it stays float32.</returns>
    public static IReadOnlyDictionary<string, ActivationRange> Choose(CanonicalGraph graph, Calibration calibration)
    {
        var ranges = new Dictionary<string, ActivationRange>(StringComparer.Ordinal) { [graph.Image] = OfImage(graph) };
        foreach (var tensor in graph.Activations.Skip(1))
        {
            // Sums become bytes once, behind the ReLU.
            if (!graph.IsBeforeRelu(tensor)) ranges[tensor] = Of(calibration.Statistics[tensor]);
        }

        foreach (var concatenation in graph.Graph.Node.Reverse().Where(node => node.OpType == "Concat"))
        {
            // One range for all parts: they are copied, not computed again. From the last backwards, as one may be part of another.
            foreach (var part in concatenation.Input) ranges[part] = ranges[concatenation.Output[0]];
        }

        foreach (var pooling in graph.Graph.Node.Where(node => node.OpType == "MaxPool"))
        {
            // The greatest of some bytes is one of them.
            ranges[pooling.Output[0]] = ranges[pooling.Input[0]];
        }

        return ranges;
    }

    /// <summary>Bytes of pixels are bytes of the image: only what resizing put between two of them is rounded.</summary>
    private static ActivationRange OfImage(CanonicalGraph graph)
    {
        var (low, high) = (0f, 255f);
        foreach (var step in graph.ImagePreprocessing.Where(step => step.OpType != "Transpose"))
        {
            var constant = CanonicalGraph.Values(graph.Constant(step.Input[1])!)[0];
            (low, high) = step.OpType == "Div" ? (low / constant, high / constant) : (low + constant, high + constant);
        }

        return ActivationRange.Of(low, high);
    }

    private static ActivationRange Of(TensorStatistics statistics) => statistics.Min < 0
        ? ActivationRange.Of(statistics.Min, statistics.Histogram.Max)
        : ActivationRange.Of(0, statistics.Histogram.RangeEnd());
}
