using Topfive.Classifier.V1;

namespace Topfive.ClassifierService;

/// <summary>
/// Validation examples whose label is probably wrong: Northcutt, Jiang, Chuang, "Confident Learning: Estimating Uncertainty
/// in Dataset Labels" (JAIR 70, 2021). The probabilities must come from a network that has not learnt these examples. The
/// confident joint (section 3.1) says how many of a label's examples are of others; pruning by class (section 3.2) takes so
/// many of the least self-confidence. They are ranked by normalised margin.
/// </summary>
internal sealed class ConfidentLearning
{
    public const int MostReported = 100;
    public const int MostReportedOfWeak = 20;

    /// <summary>
    /// Share of the examples beyond which suspects are the head's mistakes rather than the labels': docs/decisions/0009 has the measurement.
    /// </summary>
    public const double MostBelieved = 0.15;

    private readonly ValidationOutputs _outputs;
    private readonly ServedOutputs _served;

    // By label: the examples that carry it, and its mean probability among them.
    private readonly int[][] _examples;
    private readonly double[] _thresholds;

    private ConfidentLearning(ValidationOutputs outputs, ServedOutputs served)
    {
        (_outputs, _served) = (outputs, served);
        var byLabel = Enumerable.Range(0, outputs.Results.Length).ToLookup(example => outputs.TrueLabels[example]);
        _examples = [.. Enumerable.Range(0, outputs.Labels).Select(label => byLabel[label].ToArray())];
        // Out of reach for a label that no example carries.
        _thresholds = [.. _examples.Select(examples => examples.Select(example => (double)SelfConfidence(example)).DefaultIfEmpty(double.PositiveInfinity).Average())];
    }

    /// <returns>All suspects, the likeliest error first.</returns>
    public static IReadOnlyList<Mistake> Find(TrainingData data, ValidationOutputs outputs, ServedOutputs served)
    {
        var learning = new ConfidentLearning(outputs, served);
        return [.. Enumerable.Range(0, outputs.Labels).SelectMany(learning.Suspects)
            .OrderBy(example => learning.SelfConfidence(example) - served.Confidence(example)).ThenBy(example => example)
            .Select(example => ConfidentMistakes.Of(data, outputs, served, example, outputs.Results[example].Predicted))];
    }

    /// <summary>What so many suspects among so many examples say about the labels.</summary>
    public static LabelErrorEvidence Worth(int suspects, int examples) =>
        suspects > MostBelieved * examples ? LabelErrorEvidence.HeadTooWeak : LabelErrorEvidence.WorthALook;

    /// <summary>Those of a label's examples that are probably of another.</summary>
    private IEnumerable<int> Suspects(int label)
    {
        var confident = _examples[label].Select(LikeliestReached).Where(reached => reached >= 0).ToList();
        if (confident.Count == 0) return [];
        var share = confident.Count(reached => reached != label) / (double)confident.Count;
        return _examples[label]
            .Where(example => _outputs.Results[example].Predicted != label)
            .OrderBy(SelfConfidence).ThenBy(example => example)
            .Take((int)Math.Round(share * _examples[label].Length));
    }

    private float SelfConfidence(int example) => _served.Probability(example, _outputs.TrueLabels[example]);

    /// <returns>The most probable of the labels whose threshold the example reaches; -1: it reaches none.</returns>
    private int LikeliestReached(int example)
    {
        var (likeliest, most) = (-1, -1f);
        for (var label = 0; label < _thresholds.Length; label++)
        {
            var probability = _served.Probability(example, label);
            if (probability >= _thresholds[label] && probability > most) (likeliest, most) = (label, probability);
        }

        return likeliest;
    }
}
