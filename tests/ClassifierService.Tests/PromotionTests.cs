using Grpc.Core;
using Topfive.Classifier.V1;
using Xunit;

namespace Topfive.ClassifierService.Tests;

/// <summary>Promotions from outside: runs that go live or do not, and the list of who did what.</summary>
public sealed class PromotionTests(EmbeddedService embedded)
{
    private readonly ServiceUnderTest _service = embedded.Service;
    private readonly string _head = Some.Name("head");

    [Fact]
    public async Task A_run_that_beats_the_live_version_goes_live_and_one_that_does_not_stays_staged()
    {
        var dataset = await _service.AddDatasetAsync();
        await _service.ImportAsync(_head, Some.Model(labels: 4));

        var (better, betterRun) = await RunAsync(dataset, learningRate: 0.002f);
        var (worse, worseRun) = await RunAsync(dataset, learningRate: 1e-9f);

        Assert.Equal((2, true, PromotionVerdict.Better), (better.Version, better.Promoted, better.PromotionDecision.Verdict));
        Assert.Equal((0.25f, 1f, 12), (better.PromotionDecision.Live.Accuracy, better.PromotionDecision.Candidate.Accuracy, better.PromotionDecision.ValidationExamples));
        Assert.Equal((3, false, PromotionVerdict.NotBetter), (worse.Version, worse.Promoted, worse.PromotionDecision.Verdict));
        Assert.Equal((2, 1f), (worse.PromotionDecision.LiveVersion, worse.PromotionDecision.Live.Accuracy));

        Assert.Equal(new PromotionRule { Metric = PromotionMetric.Accuracy, MinGain = 0, MaxRecallLoss = 0.05f }, worseRun.PromotionRule);
        Assert.Equal((better.PromotionDecision, worse.PromotionDecision), (betterRun.PromotionDecision, worseRun.PromotionDecision));
        Assert.Equal(worse.PromotionDecision, (await _service.Heads.GetHeadAsync(new GetHeadRequest { Head = _head, Version = 3 })).PromotionDecision);
        Assert.Equal(2, (await _service.Classification.ClassifyAsync(Some.Request(_head))).Version);
        var last = (await HistoryAsync())[0];
        Assert.Equal((1, 2, PromotionCause.RunEnded, betterRun.RunId), (last.FromVersion, last.ToVersion, last.Cause, last.RunId));
        Assert.Equal(better.PromotionDecision.Reason, last.Reason);

        Assert.Equal(2, (await _service.Heads.PromoteAsync(new PromoteRequest { Head = _head, Version = 3 })).PreviousVersion);
    }

    [Fact]
    public async Task A_run_that_was_not_to_promote_is_not_compared()
    {
        var dataset = await _service.AddDatasetAsync();
        await _service.ImportAsync(_head, Some.Model(labels: 4));

        var (finished, run) = await RunAsync(dataset, promote: false);

        Assert.Equal((false, null, null), (finished.Promoted, finished.PromotionDecision, run.PromotionRule));
    }

    [Fact]
    public async Task A_run_without_validation_examples_stays_staged_and_says_why()
    {
        var dataset = await _service.AddDatasetAsync(examples: 12);
        await _service.ImportAsync(_head, Some.Model(labels: 4));

        var (finished, _) = await RunAsync(dataset);

        Assert.Equal((false, PromotionVerdict.NotComparable), (finished.Promoted, finished.PromotionDecision.Verdict));
        Assert.Contains("no validation examples", finished.PromotionDecision.Reason);
    }

    [Fact]
    public async Task A_rule_out_of_its_range_is_refused_before_the_run()
    {
        var dataset = await _service.AddDatasetAsync();

        await RefusedAsync(new PromotionRule { MaxRecallLoss = 1.5f }, "max_recall_loss", "1.5", "0 to 1");
        await RefusedAsync(new PromotionRule { MaxRecallLoss = float.NaN }, "max_recall_loss", "NaN");
        await RefusedAsync(new PromotionRule { MinGain = 2 }, "min_gain", "2", "-1 to 1");
        await RefusedAsync(new PromotionRule { MinGain = 11, Metric = PromotionMetric.LogLoss }, "min_gain", "11", "-10 to 10");
        await RefusedAsync(new PromotionRule { Metric = (PromotionMetric)9 }, "metric", "9");
        Assert.Empty((await _service.Training.ListRunsAsync(new ListRunsRequest { Head = _head })).Runs);

        Task<RpcException> RefusedAsync(PromotionRule rule, params string[] says) => Some.RefusedAsync(
            StatusCode.InvalidArgument,
            async () => await _service.Training.StartRunAsync(new StartRunRequest { Dataset = dataset, Head = _head, Promotion = rule }), says);
    }

    [Fact]
    public async Task Who_changed_what_is_live_when_and_why_is_listed_newest_first()
    {
        await _service.ImportAsync(_head, Some.Model());
        await _service.ImportAsync(_head, Some.Model());

        await _service.Heads.PromoteAsync(new PromoteRequest { Head = _head, Version = 2, Reason = "looks right" }, new Metadata { { "topfive-user", "J%C3%BCrgen" } });
        await _service.Heads.RollbackAsync(
            new RollbackRequest { Head = _head }, new Metadata { { "topfive-user", new string('x', 500) }, { "x-forwarded-for", "10.1.2.3" } });

        var history = await HistoryAsync();
        Assert.Equal(
            [(2, 1, PromotionCause.RolledBack), (1, 2, PromotionCause.Promoted), (0, 1, PromotionCause.HeadImported)],
            history.Select(change => (change.FromVersion, change.ToVersion, change.Cause)));
        Assert.Equal((new string('x', 200), "10.1.2.3"), (history[0].Caller.User, history[0].Caller.Peer));
        Assert.Equal(("Jürgen", "looks right"), (history[1].Caller.User, history[1].Reason));
        Assert.Contains("127.0.0.1", history[1].Caller.Peer);
        Assert.All(history, change => Assert.InRange(change.Time.ToDateTimeOffset(), DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddSeconds(1)));

        await Some.RefusedAsync(StatusCode.NotFound, async () => await _service.Heads.ListPromotionsAsync(new ListPromotionsRequest { Head = "nobody" }), "nobody");
        await Some.RefusedAsync(
            StatusCode.InvalidArgument,
            async () => await _service.Heads.PromoteAsync(new PromoteRequest { Head = _head, Version = 2, Reason = new string('y', 501) }), "501", "500");
    }

    [Fact]
    public async Task A_deleted_head_is_not_found_and_its_history_says_who_deleted_it()
    {
        await _service.ImportAsync(_head, Some.Model());
        await _service.ImportAsync(_head, Some.Model());
        await _service.Classification.ClassifyAsync(Some.Request(_head));
        await Some.RefusedAsync(
            StatusCode.FailedPrecondition, async () => await _service.Heads.DeleteVersionAsync(new DeleteVersionRequest { Head = _head, Version = 1 }), "live");

        var deleted = await _service.Heads.DeleteHeadAsync(new DeleteHeadRequest { Head = _head }, new Metadata { { "topfive-user", "ann" } });

        Assert.Equal(2, deleted.DeletedVersions);
        await Some.RefusedAsync(StatusCode.NotFound, async () => await _service.Classification.ClassifyAsync(Some.Request(_head)), _head);
        await Some.RefusedAsync(StatusCode.NotFound, async () => await _service.Heads.GetHeadAsync(new GetHeadRequest { Head = _head }), _head);
        await Some.RefusedAsync(StatusCode.NotFound, async () => await _service.Heads.DeleteHeadAsync(new DeleteHeadRequest { Head = _head }), _head);
        var last = (await HistoryAsync())[0];
        Assert.Equal((1, 0, PromotionCause.HeadDeleted, "ann"), (last.FromVersion, last.ToVersion, last.Cause, last.Caller.User));
        Assert.Equal((3, true), await ImportAgainAsync());

        async Task<(long, bool)> ImportAgainAsync()
        {
            var head = await _service.ImportAsync(_head, Some.Model());
            return (head.Version, head.Live);
        }
    }

    private async Task<IList<Promotion>> HistoryAsync() =>
        (await _service.Heads.ListPromotionsAsync(new ListPromotionsRequest { Head = _head })).Promotions;

    private async Task<(Finished Finished, Run Run)> RunAsync(string dataset, float learningRate = 0.002f, bool promote = true)
    {
        var run = await _service.Training.StartRunAsync(new StartRunRequest
        {
            Dataset = dataset,
            Head = _head,
            Promote = promote,
            Recipe = new Recipe { HiddenUnits = { 32 }, Epochs = 4, LearningRate = learningRate },
        });
        var finished = (await _service.WatchAsync(run.RunId))[^1].Finished;
        return (finished, await _service.Training.GetRunAsync(new GetRunRequest { RunId = run.RunId }));
    }
}
