using Topfive.Backbones;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;

namespace Topfive.ClassifierService;

/// <summary>
/// Adds versions to heads. A version goes live when that was asked for, and when its head has no live version: one can
/// predict right after the first training or import.
/// </summary>
internal sealed class HeadPublisher(HeadStore heads, HeadCache cache)
{
    /// <summary>Publishes what a run has learnt.</summary>
    public async Task<Finished> PublishAsync(Run run, DenseHead trained, Evaluation? evaluation)
    {
        var head = await PublishAsync(trained, run.Promote, new Head
        {
            Head_ = run.Head,
            Recipe = run.Recipe,
            Dataset = run.Dataset,
            DatasetDigest = run.DatasetDigest,
            Evaluation = evaluation,
            RunId = run.RunId,
        });
        return new Finished { Head = head.Head_, Version = head.Version, Evaluation = evaluation, Promoted = head.Live };
    }

    /// <param name="model">What the version computes.</param>
    /// <param name="promote">Whether it goes live though another version is.</param>
    /// <param name="meta">The head's name, and where the version comes from.</param>
    public async Task<Head> PublishAsync(DenseHead model, bool promote, Head meta)
    {
        meta.Labels.Add(model.Labels);
        meta.BackboneFingerprint = model.BackboneFingerprint;
        meta.Parameters = model.Parameters;
        var version = await heads.AddVersionAsync(meta, HeadModel.Write(model));
        if (promote || await heads.GetLiveVersionAsync(meta.Head_) == 0)
        {
            await heads.PromoteAsync(meta.Head_, version);
            await cache.RecheckAsync();
        }

        return await heads.GetAsync(meta.Head_, version)
            ?? throw new InvalidDataException($"version {version} of head {meta.Head_} is gone from the store right after it was written");
    }
}
