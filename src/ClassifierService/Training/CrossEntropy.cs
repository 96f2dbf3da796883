using System.Numerics;
using System.Runtime.Intrinsics;

namespace Topfive.ClassifierService;

/// <summary>What the network said about one example.</summary>
/// <param name="Loss">Categorical cross-entropy in nats, from the logits as Keras takes it, so never infinite by rounding.</param>
/// <param name="UniformLoss">The same against every label as likely as another, which label smoothing mixes in: the mean of −log p.</param>
/// <param name="Predicted">The label index of the largest logit, the first of equals.</param>
/// <param name="Rank">How many labels come before the true one, in the order of the logits, then of the labels.</param>
internal readonly record struct ExampleResult(float Loss, float UniformLoss, int Predicted, int Rank);

/// <summary>Softmax and categorical cross-entropy of one example.</summary>
internal static unsafe class CrossEntropy
{
    private const int Lanes = 16;

    /// <summary>
    /// Turns the logits at <paramref name="logits"/> into probabilities at <paramref name="probabilities"/>, both padded to
    /// whole panels and perhaps the same place; the padding becomes zero.
    /// </summary>
    public static ExampleResult Evaluate(float* logits, float* probabilities, int labels, int trueLabel)
    {
        var padded = TrainingLayer.RoundUp(labels, TrainingLayer.PanelWidth);
        for (var label = labels; label < padded; label++) logits[label] = float.NegativeInfinity;

        var largest = Vector512.Create(float.NegativeInfinity);
        for (var label = 0; label < padded; label += Lanes) largest = Vector512.Max(largest, Vector512.Load(logits + label));
        var maximum = Kernels.Max(largest);

        // Read before the probabilities, which may go where the logits are.
        var predicted = new ReadOnlySpan<float>(logits, labels).IndexOf(maximum);
        var rank = Rank(logits, padded, trueLabel);
        var trueLogit = logits[trueLabel];
        var meanLogit = Mean(logits, labels);

        var sums = Vector512<float>.Zero;
        for (var label = 0; label < padded; label += Lanes)
        {
            var exponential = Vector512.Exp(Vector512.Load(logits + label) - Vector512.Create(maximum));
            sums += exponential;
            exponential.Store(probabilities + label);
        }

        var sum = Kernels.Sum(sums);
        for (var label = 0; label < padded; label += Lanes)
        {
            (Vector512.Load(probabilities + label) / Vector512.Create(sum)).Store(probabilities + label);
        }

        var logSum = MathF.Log(sum);
        return new ExampleResult(logSum - (trueLogit - maximum), logSum - (meanLogit - maximum), predicted, rank);
    }

    private static float Mean(float* logits, int labels)
    {
        var sums = Vector512<float>.Zero;
        var label = 0;
        for (; label + Lanes <= labels; label += Lanes) sums += Vector512.Load(logits + label);
        var sum = Kernels.Sum(sums);
        for (; label < labels; label++) sum += logits[label];
        return sum / labels;
    }

    /// <summary>The padding is −∞ and comes before nothing.</summary>
    private static int Rank(float* logits, int padded, int trueLabel)
    {
        var rank = 0;
        var own = Vector512.Create(logits[trueLabel]);
        for (var label = 0; label < padded; label += Lanes)
        {
            var others = Vector512.Load(logits + label);
            rank += BitOperations.PopCount(Vector512.GreaterThan(others, own).ExtractMostSignificantBits());
            var before = Vector512.LessThan(Vector512.Create(label) + Vector512<int>.Indices, Vector512.Create(trueLabel)).AsSingle();
            rank += BitOperations.PopCount((Vector512.Equals(others, own) & before).ExtractMostSignificantBits());
        }

        return rank;
    }
}
