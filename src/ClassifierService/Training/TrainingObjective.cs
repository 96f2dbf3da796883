using System.Runtime.Intrinsics;
using Topfive.Classifier.V1;

namespace Topfive.ClassifierService;

/// <summary>
/// What training makes small: Keras' CategoricalCrossentropy with label smoothing (keras/src/losses/losses.py: the true
/// label's target is 1 − smoothing + smoothing / labels, every other's smoothing / labels), times the weight of the
/// example's label, as <c>fit(class_weight=…)</c> takes it: the batch's loss is the weighted sum divided by the
/// examples, not by their weights.
/// </summary>
/// <param name="Smoothing">0 ≤ x &lt; 1.</param>
/// <param name="Weights">One a label.</param>
internal sealed unsafe record TrainingObjective(float Smoothing, float[] Weights)
{
    private const int Lanes = 16;

    public static TrainingObjective Of(Recipe recipe, TrainingData data) => new(recipe.LabelSmoothing, LabelWeights.Of(recipe.ClassWeights, data));

    /// <summary>Cross-entropy with smoothed targets, in nats, without a weight: what Keras reports as val_loss.</summary>
    public double Loss(ExampleResult result) => ((1.0 - Smoothing) * result.Loss) + ((double)Smoothing * result.UniformLoss);

    public double WeightedLoss(ExampleResult result, int trueLabel) => Weights[trueLabel] * Loss(result);

    /// <summary>
    /// Turns an example's probabilities into the loss's gradient by its logits: weight · (p − target) / batch. The padding
    /// stays zero.
    /// </summary>
    public void Differentiate(float* probabilities, int labels, int trueLabel, int batch)
    {
        var scale = Vector512.Create(Weights[trueLabel] / batch);
        var spread = Smoothing / labels;
        var offset = Vector512.Create(spread);
        probabilities[trueLabel] -= 1 - Smoothing;
        var unit = 0;
        for (; unit + Lanes <= labels; unit += Lanes)
        {
            ((Vector512.Load(probabilities + unit) - offset) * scale).Store(probabilities + unit);
        }

        for (; unit < labels; unit++) probabilities[unit] = (probabilities[unit] - spread) * scale[0];
    }
}
