using Topfive.Classifier.V1;

namespace Topfive.ClassifierService;

/// <summary>The wrong predictions that the head is surest of: the first thing to look at when it disappoints.</summary>
internal static class ConfidentMistakes
{
    public const int MostReported = 50;

    /// <returns>The surest first.</returns>
    public static IEnumerable<Mistake> Find(TrainingData data, ValidationOutputs outputs, ServedOutputs served) =>
        Enumerable.Range(0, outputs.Results.Length)
            .Where(example => outputs.Results[example].Rank > 0)
            .OrderByDescending(served.Confidence).ThenBy(example => example)
            .Take(MostReported)
            .Select(example => Of(data, outputs, served, example, outputs.Results[example].Predicted));

    /// <param name="data">What the outputs are of.</param>
    /// <param name="outputs">What the network said.</param>
    /// <param name="served">The same at the temperature of serving.</param>
    /// <param name="example">Its place among the validation examples.</param>
    /// <param name="other">The label that it seems to have.</param>
    public static Mistake Of(TrainingData data, ValidationOutputs outputs, ServedOutputs served, int example, int other) => new()
    {
        ImageHash = data.ImageHash(data.ValidationRows[example]),
        Label = data.Labels[outputs.TrueLabels[example]],
        Predicted = data.Labels[other],
        Probability = served.Probability(example, other),
        LabelProbability = served.Probability(example, outputs.TrueLabels[example]),
    };
}
