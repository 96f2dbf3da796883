using System.Runtime.Intrinsics;

namespace Topfive.ClassifierService;

/// <summary>
/// What a network said about every validation example: its logits less the largest of them, [example][label], so that
/// probabilities at any temperature can be had without asking the network again. Sums run in one fixed order.
/// </summary>
internal sealed unsafe class ValidationOutputs : IDisposable
{
    private const int Lanes = 16;

    // So far below the largest logit a probability is 0 at every temperature, and its square is still a float.
    private const float Lowest = -1e4f;

    private readonly ActivationBuffer _logits;
    private readonly int _padded;

    public ValidationOutputs(NetworkEvaluator evaluator, TrainingData data)
    {
        Labels = data.Labels.Count;
        TrueLabels = [.. data.ValidationRows.Select(row => data.LabelIndexes[row])];
        _padded = TrainingLayer.RoundUp(Labels, Lanes);
        _logits = new ActivationBuffer(TrueLabels.Length, Labels);
        Results = evaluator.Evaluate(data, data.ValidationRows, _logits);
        for (var example = 0; example < Results.Length; example++)
        {
            var logits = _logits.RowSpan(example, _padded);
            var largest = logits[Results[example].Predicted];
            for (var label = 0; label < Labels; label++) logits[label] = Math.Max(logits[label] - largest, Lowest);
            logits[Labels..].Fill(Lowest);
        }
    }

    public int Labels { get; }

    /// <summary>Label indexes, one an example.</summary>
    public int[] TrueLabels { get; }

    /// <summary>One an example, at temperature 1.</summary>
    public ExampleResult[] Results { get; }

    /// <summary>Bytes that the outputs of so many examples take.</summary>
    public static long Bytes(int examples, int labels) => ActivationBuffer.Bytes(examples, labels);

    /// <summary>A label's logit less the largest one of the example.</summary>
    public float Logit(int example, int label) => _logits.Row(example)[label];

    /// <summary>Σ exp(s·z), and with these weights the mean of z and of z², over an example's logits z.</summary>
    /// <param name="example">From 0.</param>
    /// <param name="scale">s: one over the temperature.</param>
    public (double Sum, double Mean, double MeanSquare) Moments(int example, double scale)
    {
        Vector512<float> sums = default, firsts = default, seconds = default;
        var logits = _logits.Row(example);
        for (var label = 0; label < _padded; label += Lanes)
        {
            var z = Vector512.Load(logits + label);
            var weight = Vector512.Exp(z * (float)scale);
            var first = weight * z;
            sums += weight;
            firsts += first;
            seconds += first * z;
        }

        double sum = Kernels.Sum(sums);
        return (sum, Kernels.Sum(firsts) / sum, Kernels.Sum(seconds) / sum);
    }

    public void Dispose() => _logits.Dispose();
}
