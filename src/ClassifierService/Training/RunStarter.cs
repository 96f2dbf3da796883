using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>Checks all that can be checked before a run, and queues it.</summary>
internal sealed class RunStarter(
    DatasetStore datasets, BackboneRegistry backbones, WarmStarts warmStarts, OutlierLoader outliers, RunQueue queue, NamePolicy names, IOptions<TrainingOptions> options)
{
    public static Failure NoBackbone() =>
        Failure.Unavailable("no FeatureService has announced its backbone to this store yet: start one, and extract the images first");

    public async Task<Run> StartAsync(StartRunRequest request, Caller caller, CancellationToken cancellation)
    {
        request = ManifestRules.Complete(request);
        NameRule.Check(request.Dataset, "dataset");
        names.Check(request.Head, "head");
        var recipe = RecipeRules.Complete(await warmStarts.ResolveAsync(request.Head, request.Recipe));
        var rule = PromotionRules.Complete(request.Promotion);
        var dataset = await datasets.ReadAsync(request.Dataset, cancellation) ?? throw Failure.NotFound($"there is no dataset '{request.Dataset}'");
        var backbone = await backbones.CurrentAsync() ?? throw NoBackbone();
        DatasetRules.Check(dataset, backbone.Dimensions, recipe, options.Value.MemoryLimit);
        await outliers.CheckAsync(request.OutliersDataset);
        var previous = await warmStarts.LoadAsync(request.Head, recipe, backbone);
        var manifest = ManifestRules.Of(dataset, recipe, backbone.Fingerprint);
        manifest.WarmStartDigest = ManifestRules.DigestOf(previous);
        ManifestRules.RequireSame(request.Manifest, manifest);

        var run = new Run
        {
            RunId = Guid.CreateVersion7().ToString("N"),
            State = RunState.Queued,
            Dataset = request.Dataset,
            Head = request.Head,
            Recipe = recipe,
            Promote = request.Promote,
            Manifest = request.Manifest,
            OutliersDataset = request.OutliersDataset,
            PromotionRule = request.Promote ? rule : null,
            Caller = caller,
            Created = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow),
            BackboneFingerprint = backbone.Fingerprint,
        };
        // The answer is of now; the run itself changes as soon as it is in the queue.
        var answer = run.Clone();
        await queue.AddAsync(run);
        return answer;
    }
}
