using System.Security.Cryptography;
using Topfive.Backbones;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>
/// Adds versions to heads. A run's version goes live when that was asked for and the gate finds it better than the live
/// one; a version whose head has no live one goes live in any case, so that one can predict right after the first training
/// or import.
/// </summary>
internal sealed class HeadPublisher(HeadStore heads, HeadCache cache, PromotionGate gate)
{
    /// <summary>Publishes what a run has learnt.</summary>
    public async Task<Finished> PublishAsync(
        Run run, DenseHead trained, Evaluation? evaluation, OutlierMeasurement? measured, TrainingData data, CancellationToken cancellation)
    {
        var manifest = data.Manifest?.Clone();
        manifest?.Metrics = ManifestRules.MetricsOf(evaluation);
        var head = await PublishAsync(
            trained,
            new Head
            {
                Head_ = run.Head,
                Recipe = run.Recipe,
                Dataset = run.Dataset,
                DatasetDigest = run.DatasetDigest,
                Evaluation = evaluation,
                RunId = run.RunId,
                Manifest = manifest,
            },
            new Promotion { Cause = PromotionCause.RunEnded, Caller = run.Caller, RunId = run.RunId },
            DecideAsync,
            measured: measured);
        return FinishedBy(head);

        async Task<PromotionDecision?> DecideAsync(ServingHead candidate, long live) => run.Promote || live == 0
            ? await gate.DecideAsync(candidate, live, PromotionRules.Complete(run.PromotionRule), data, cancellation)
            : null;
    }

    /// <returns>How the run that made this version ends.</returns>
    public static Finished FinishedBy(Head head) => new()
    {
        Head = head.Head_,
        Version = head.Version,
        Evaluation = head.Evaluation,
        Promoted = head.PromotionDecision?.Promoted ?? false,
        PromotionDecision = head.PromotionDecision,
    };

    /// <summary>Publishes a model that somebody brought.</summary>
    /// <param name="name">Of the head.</param>
    /// <param name="model">What the version computes.</param>
    /// <param name="promote">Whether it goes live though another version is; nothing is compared.</param>
    /// <param name="caller">Who brought it.</param>
    public Task<Head> PublishAsync(string name, DenseHead model, bool promote, Caller caller) => PublishAsync(
        model,
        new Head { Head_ = name },
        new Promotion { Cause = PromotionCause.HeadImported, Caller = caller },
        (_, live) => Task.FromResult(promote || live == 0 ? new PromotionDecision { Promoted = true } : null),
        keepDecision: false);

    private async Task<Head> PublishAsync(
        DenseHead model, Head meta, Promotion why, Func<ServingHead, long, Task<PromotionDecision?>> decide, bool keepDecision = true,
        OutlierMeasurement? measured = null)
    {
        meta.Labels.Add(model.Labels);
        meta.BackboneFingerprint = model.BackboneFingerprint;
        meta.Parameters = model.Parameters;
        meta.Temperature = model.Temperature;
        meta.Unknown = model.Unknown is { } detector
            ? new UnknownDetection
            {
                Score = UnknownScore.Mahalanobis,
                Threshold = detector.Threshold,
                FalseRejectRate = detector.FalseRejectRate,
                ValidationExamples = detector.ValidationExamples,
                Measured = measured,
            }
            : null;
        var onnx = HeadModel.Write(model);
        if (meta.Manifest is { } manifest) manifest.ModelDigest = Convert.ToHexStringLower(SHA256.HashData(onnx));
        var staged = await heads.StageAsync(meta.Head_, onnx);
        try
        {
            await PublishAsync(staged, meta, why, live => decide(new ServingHead(meta.Head_, staged.Version, model), live), keepDecision);
        }
        catch
        {
            await heads.DiscardAsync(staged);
            throw;
        }

        return await heads.GetAsync(meta.Head_, staged.Version)
            ?? throw new InvalidDataException($"version {staged.Version} of head {meta.Head_} is gone from the store right after it was written");
    }

    /// <summary>Decides and publishes in one step: when another version went live since the decision, it is made again.</summary>
    private async Task PublishAsync(
        StagedVersion staged, Head meta, Promotion why, Func<long, Task<PromotionDecision?>> decide, bool keepDecision)
    {
        while (true)
        {
            var live = await heads.GetLiveVersionAsync(staged.Head);
            PromotionDecision? decision;
            try
            {
                decision = await decide(live);
            }
            catch (Failure gone) when (gone.Kind == FailureKind.NotFound)
            {
                if (await heads.GetLiveVersionAsync(staged.Head) == live) throw;
                continue;
            }

            if (keepDecision) meta.PromotionDecision = decision;
            if (decision is not { Promoted: true })
            {
                await heads.PublishAsync(staged, meta);
                return;
            }

            why.Reason = decision.Reason;
            if (!await heads.TryPublishLiveAsync(staged, meta, live, why)) continue;
            await cache.RecheckAsync();
            return;
        }
    }
}
