using System.Globalization;
using Microsoft.Extensions.Options;
using Topfive.Classifier.V1;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>
/// Holds a new version against the live one on the new version's own validation examples, in memory, each answering as it
/// would be served.
/// </summary>
internal sealed class PromotionGate(HeadCache cache, IOptions<TrainingOptions> options)
{
    private const int LossesTold = 100;

    /// <param name="candidate">The new version.</param>
    /// <param name="live">The live version's number; 0: none.</param>
    /// <param name="rule">With every default filled in.</param>
    /// <param name="data">What the candidate was trained and validated on.</param>
    /// <param name="cancellation">Ends the comparison.</param>
    /// <exception cref="Failure">NOT_FOUND: that version is no longer there.</exception>
    public async Task<PromotionDecision> DecideAsync(
        ServingHead candidate, long live, PromotionRule rule, TrainingData data, CancellationToken cancellation)
    {
        var decision = new PromotionDecision { Rule = rule, LiveVersion = live };
        if (live == 0) return Decided(decision, PromotionVerdict.FirstVersion, "no version of the head was live");
        if (data.ValidationRows.Length == 0)
        {
            return Decided(decision, PromotionVerdict.NotComparable, $"the dataset has no validation examples to compare with version {live} on");
        }

        ServingHead served;
        try
        {
            served = await cache.GetAsync(candidate.Name, live);
        }
        catch (InvalidDataException damaged)
        {
            return Decided(decision, PromotionVerdict.NotComparable, damaged.Message);
        }

        if (served.BackboneFingerprint != candidate.BackboneFingerprint || served.Inputs != candidate.Inputs)
        {
            return Decided(
                decision, PromotionVerdict.NotComparable,
                $"version {live} reads vectors of backbone {served.BackboneFingerprint}, this one of {candidate.BackboneFingerprint}");
        }

        // Seconds on a large validation set: not on a thread that answers calls.
        return await Task.Factory.StartNew(
            () => Compare(decision, candidate, served, data, cancellation), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private PromotionDecision Compare(
        PromotionDecision decision, ServingHead candidate, ServingHead served, TrainingData data, CancellationToken cancellation)
    {
        var (before, after) = (Measure(served), Measure(candidate));
        decision.ValidationExamples = data.ValidationRows.Length;
        (decision.Live, decision.Candidate) = (before.Figures, after.Figures);
        var losses = LabelLosses.Of(data, served.Labels, before.RightByLabel, after.RightByLabel, decision.Rule.MaxRecallLoss);
        decision.LabelsWithLosses = losses.Count;
        decision.LabelsLost = losses.Count(loss => loss.Lost);
        decision.Losses.Add(losses.Take(LossesTold));

        var rule = decision.Rule;
        var (old, own) = (Figure(before.Figures, rule.Metric), Figure(after.Figures, rule.Metric));
        var gain = rule.Metric == PromotionMetric.LogLoss ? old - own : own - old;
        var compared = string.Create(
            CultureInfo.InvariantCulture, $"{PromotionRules.Name(rule.Metric)} {own:0.0000} against {old:0.0000} of version {served.Version}");
        if (!(gain > rule.MinGain))
        {
            return Decided(decision, PromotionVerdict.NotBetter, string.Create(
                CultureInfo.InvariantCulture, $"{compared}: not better by more than {rule.MinGain:0.####}"));
        }

        if (decision.LabelsLost == 0) return Decided(decision, PromotionVerdict.Better, compared);
        return Decided(decision, PromotionVerdict.LabelLost, string.Create(
            CultureInfo.InvariantCulture,
            $"{compared}, but {decision.LabelsLost} labels lost more than {rule.MaxRecallLoss:0.####} of their recall, most of all {Told(decision.Losses[0])}"));

        ServedAnswers Measure(ServingHead head) => ServedAnswers.Of(head, data, options.Value.ThreadCount, cancellation);
    }

    private static string Told(LabelLoss loss) => loss.Support == 0
        ? $"'{loss.Label}', which the new version lacks"
        : string.Create(CultureInfo.InvariantCulture, $"'{loss.Label}': {loss.CandidateRecall:0.0000} after {loss.LiveRecall:0.0000}");

    private static float Figure(PromotionFigures figures, PromotionMetric metric) => metric switch
    {
        PromotionMetric.Top5Accuracy => figures.Top5Accuracy,
        PromotionMetric.LogLoss => figures.LogLoss,
        _ => figures.Accuracy,
    };

    private static PromotionDecision Decided(PromotionDecision decision, PromotionVerdict verdict, string reason)
    {
        decision.Verdict = verdict;
        decision.Promoted = verdict is PromotionVerdict.FirstVersion or PromotionVerdict.Better;
        decision.Reason = reason;
        return decision;
    }
}
