using Topfive.Backbones;
using Topfive.Classifier.V1;
using Xunit;

namespace Topfive.ClassifierService.Tests;

/// <summary>The gate on heads that answer one label to everything, so that every figure is known beforehand.</summary>
public sealed class PromotionGateTests(EmbeddedService embedded)
{
    private readonly ServiceUnderTest _service = embedded.Service;
    private readonly string _head = Some.Name("head");

    [Fact]
    public async Task The_first_version_needs_no_comparison()
    {
        var decision = await DecideAsync(Some.Model(labels: 2), live: 0, Validation(3, 3));

        Assert.Equal((true, PromotionVerdict.FirstVersion, null), (decision.Promoted, decision.Verdict, decision.Live));
    }

    [Fact]
    public async Task Better_by_the_metric_goes_live_and_the_figures_are_told()
    {
        await ImportAsync(favourite: 0);

        var decision = await DecideAsync(Some.Model(labels: 2, favourite: 1), live: 1, Validation(1, 9));

        Assert.Equal((true, PromotionVerdict.Better, 1, 10), (decision.Promoted, decision.Verdict, decision.LiveVersion, decision.ValidationExamples));
        Assert.Equal((0.1f, 0.9f, 1f), (decision.Live.Accuracy, decision.Candidate.Accuracy, decision.Candidate.Top5Accuracy));
        // exp(3) / (exp(3) + 1) for the favourite of two.
        Assert.Equal(0.9 * 0.0486 + 0.1 * 3.0486, decision.Candidate.LogLoss, 3e-4);
    }

    [Fact]
    public async Task An_equal_version_stays_staged_unless_the_rule_takes_it()
    {
        await ImportAsync(favourite: 1);

        var equal = await DecideAsync(Some.Model(labels: 2, favourite: 1), live: 1, Validation(5, 5));
        var taken = await DecideAsync(Some.Model(labels: 2, favourite: 1), live: 1, Validation(5, 5), new PromotionRule { MinGain = -0.01f });

        Assert.Equal((false, PromotionVerdict.NotBetter), (equal.Promoted, equal.Verdict));
        Assert.Contains("accuracy 0.5000 against 0.5000 of version 1", equal.Reason);
        Assert.Equal((true, PromotionVerdict.Better), (taken.Promoted, taken.Verdict));
    }

    [Fact]
    public async Task A_gain_below_the_asked_one_is_none()
    {
        await ImportAsync(favourite: 0);
        var rule = new PromotionRule { MinGain = 0.2f, MaxRecallLoss = 1 };

        Assert.Equal(PromotionVerdict.NotBetter, (await DecideAsync(Some.Model(labels: 2, favourite: 1), live: 1, Validation(9, 11), rule)).Verdict);
        Assert.Equal(PromotionVerdict.Better, (await DecideAsync(Some.Model(labels: 2, favourite: 1), live: 1, Validation(7, 13), rule)).Verdict);
    }

    [Fact]
    public async Task A_better_version_that_loses_a_label_stays_staged_and_names_it()
    {
        await ImportAsync(favourite: 0);

        var decision = await DecideAsync(Some.Model(labels: 2, favourite: 1), live: 1, Validation(4, 6));

        Assert.Equal((false, PromotionVerdict.LabelLost, 1, 1), (decision.Promoted, decision.Verdict, decision.LabelsWithLosses, decision.LabelsLost));
        Assert.Equal(new LabelLoss { Label = "label 0", Support = 4, LiveRecall = 1, CandidateRecall = 0, Lost = true }, Assert.Single(decision.Losses));
        Assert.Contains("'label 0'", decision.Reason);
    }

    [Theory]
    [InlineData(1, 0.05f, PromotionVerdict.Better)]
    [InlineData(2, 0.05f, PromotionVerdict.LabelLost)]
    [InlineData(2, 1f, PromotionVerdict.Better)]
    [InlineData(1, 0f, PromotionVerdict.LabelLost)]
    public async Task One_example_fewer_is_no_loss_unless_none_is_allowed(int lost, float allowed, PromotionVerdict verdict)
    {
        await ImportAsync(favourite: 0);

        var decision = await DecideAsync(Some.Model(labels: 2, favourite: 1), live: 1, Validation(lost, 6), new PromotionRule { MaxRecallLoss = allowed });

        Assert.Equal((verdict, 1), (decision.Verdict, decision.LabelsWithLosses));
    }

    [Fact]
    public async Task A_label_that_the_live_version_does_not_know_counts_as_wrong_for_it()
    {
        await ImportAsync(labels: 2);

        var decision = await DecideAsync(Some.Model(labels: 3, favourite: 2), live: 1, Validation(1, 0, 3), new PromotionRule { Metric = PromotionMetric.LogLoss });

        Assert.Equal(PromotionVerdict.Better, decision.Verdict);
        Assert.Equal((0.25f, 0.25f), (decision.Live.Accuracy, decision.Live.Top5Accuracy));
        Assert.Equal((0.25 * 0.0486) + (0.75 * 16.1181), decision.Live.LogLoss, 1e-3);
    }

    [Fact]
    public async Task A_label_that_the_new_version_lacks_is_lost()
    {
        await ImportAsync(labels: 3, favourite: 0);

        var decision = await DecideAsync(Some.Model(labels: 2, favourite: 1), live: 1, Validation(1, 9));

        Assert.Equal(PromotionVerdict.LabelLost, decision.Verdict);
        Assert.Equal(("label 2", 0, true), (decision.Losses[0].Label, decision.Losses[0].Support, decision.Losses[0].Lost));
        Assert.Equal(PromotionVerdict.Better, (await DecideAsync(
            Some.Model(labels: 2, favourite: 1), live: 1, Validation(1, 9), new PromotionRule { MaxRecallLoss = 1 })).Verdict);
    }

    [Fact]
    public async Task Log_loss_is_better_when_it_is_less()
    {
        await ImportAsync(favourite: 1);
        var rule = new PromotionRule { Metric = PromotionMetric.LogLoss, MaxRecallLoss = 1 };

        var worse = await DecideAsync(Some.Model(labels: 2, favourite: 0), live: 1, Validation(1, 9), rule);
        var better = await DecideAsync(Some.Model(labels: 2, favourite: 0), live: 1, Validation(9, 1), rule);

        Assert.Equal((PromotionVerdict.NotBetter, PromotionVerdict.Better), (worse.Verdict, better.Verdict));
        Assert.True(worse.Candidate.LogLoss > worse.Live.LogLoss && better.Candidate.LogLoss < better.Live.LogLoss);
    }

    [Fact]
    public async Task Top_5_is_asked_for_by_name()
    {
        await ImportAsync(labels: 7, favourite: 0);
        var rule = new PromotionRule { Metric = PromotionMetric.Top5Accuracy, MaxRecallLoss = 1 };

        // Of equals the first in label order count: labels 0 to 4 against labels 6, 0, 1, 2, 3.
        var decision = await DecideAsync(Some.Model(labels: 7, favourite: 6), live: 1, Validation(1, 1, 1, 1, 1, 0, 3), rule);

        Assert.Equal((0.625f, 0.875f), (decision.Live.Top5Accuracy, decision.Candidate.Top5Accuracy));
        Assert.Equal(PromotionVerdict.Better, decision.Verdict);
    }

    [Fact]
    public async Task Without_validation_examples_or_on_another_backbone_nothing_is_compared_and_the_reason_is_told()
    {
        await ImportAsync(favourite: 0);

        var empty = await DecideAsync(Some.Model(labels: 2), live: 1, Validation());
        var other = await DecideAsync(Some.Model(labels: 2, fingerprint: new string('b', 64)), live: 1, Validation(1, 9));

        Assert.All([empty, other], decision => Assert.Equal((false, PromotionVerdict.NotComparable, null), (decision.Promoted, decision.Verdict, decision.Live)));
        Assert.Contains("no validation examples", empty.Reason);
        Assert.Contains(new string('a', 64), other.Reason);
        Assert.Contains(new string('b', 64), other.Reason);
    }

    [Fact]
    public async Task Versions_that_come_at_once_are_each_held_against_the_one_they_replace()
    {
        const int runs = 12;
        await ImportAsync(favourite: 0);
        var data = Validation([.. Enumerable.Range(1, runs)]);
        var publisher = _service.Get<HeadPublisher>();

        var finished = await Task.WhenAll(Enumerable.Range(0, runs).Select(favourite => Task.Run(() => publisher.PublishAsync(
            new Run { Head = _head, Promote = true, PromotionRule = new PromotionRule { MaxRecallLoss = 1 } },
            HeadModel.Read(Some.Model(labels: runs, favourite: favourite)), evaluation: null, measured: null, data, CancellationToken.None))));

        var changes = (await _service.Heads.ListPromotionsAsync(new ListPromotionsRequest { Head = _head })).Promotions.Reverse().Skip(1).ToList();
        Assert.Equal(finished.Count(run => run.Promoted), changes.Count);
        var live = 1L;
        foreach (var change in changes)
        {
            var run = finished.Single(run => run.Version == change.ToVersion);
            Assert.Equal((live, live), (change.FromVersion, run.PromotionDecision.LiveVersion));
            live = change.ToVersion;
        }

        // The most frequent label's version beats every other, whenever it came.
        Assert.Equal(finished[^1].Version, live);
    }

    private Task<Head> ImportAsync(int labels = 2, int favourite = 0) => _service.ImportAsync(_head, Some.Model(labels, favourite));

    private Task<PromotionDecision> DecideAsync(byte[] candidate, long live, TrainingData data, PromotionRule? rule = null) =>
        _service.Get<PromotionGate>().DecideAsync(
            new ServingHead(_head, 9, HeadModel.Read(candidate)), live, PromotionRules.Complete(rule), data, CancellationToken.None);

    /// <summary>So many validation examples of each label.</summary>
    private static TrainingData Validation(params int[] examples)
    {
        int[] labels = [.. examples.Index().SelectMany(label => Enumerable.Repeat(label.Index, label.Item))];
        return new TrainingData(
            new MemoryMatrix(labels.Length, Some.Dimensions), [.. examples.Select((_, label) => $"label {label}")],
            labels, [], [.. Enumerable.Range(0, labels.Length)]);
    }
}
