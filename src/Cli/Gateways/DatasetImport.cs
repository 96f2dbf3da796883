using Topfive.Classifier.V1;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary>What became of an import.</summary>
/// <param name="Computed">New to the store: the backbone ran, or an imported vector was taken.</param>
/// <param name="CacheHits">The vector was there already, or was just being computed for an identical image.</param>
/// <param name="Failed">Not in the dataset, and why.</param>
internal sealed record ImportResult(int Computed, int CacheHits, IReadOnlyList<Problem> Failed)
{
    public int Imported => Computed + CacheHits;

    /// <summary>Augmented copies in the dataset with the images, those that were computed included.</summary>
    public int Copies { get; init; }

    public int ComputedCopies { get; init; }

    /// <summary>Imported, but the dataset says something else now: another import ran at the same time.</summary>
    public IReadOnlyList<Problem> Overruled { get; init; } = [];
}

/// <summary>How an import calls things.</summary>
/// <param name="Unit">What is imported.</param>
/// <param name="New">What became of those that the store lacked.</param>
/// <param name="Known">What the others are called.</param>
internal sealed record ImportWords(string Unit, string New, string Known)
{
    public static readonly ImportWords Images = new("images", "computed", "cache hits");

    public static readonly ImportWords Vectors = new("rows", "vectors stored", "stored before");
}

/// <summary>
/// The way of every import into a dataset: each image once, compared with what the dataset says already, sent, and compared
/// again, since another import may have run at the same time.
/// </summary>
/// <param name="terminal">Is told everything.</param>
/// <param name="gateway">Where the dataset is.</param>
/// <param name="dataset">Its name.</param>
/// <param name="strict">True: nothing is sent when it contradicts the dataset.</param>
internal sealed class DatasetImport(Terminal terminal, TopfiveClient gateway, string dataset, bool strict)
{
    public string Dataset => dataset;

    /// <param name="hashed">What is to be imported.</param>
    /// <param name="splits">The side of each file.</param>
    /// <param name="words">How to speak of them.</param>
    /// <param name="send">Sends those that are left.</param>
    /// <param name="cancellation">Ends it; what has been imported stays.</param>
    public async Task<ImportResult> RunAsync(
        HashedListing hashed, IReadOnlyList<Split> splits, ImportWords words,
        Func<IReadOnlyList<PlannedImage>, IProgressDisplay, Task<ImportResult>> send, CancellationToken cancellation)
    {
        var plan = ImportPlan.Make(hashed, splits);
        PlanReport.Show(terminal, hashed.Listing, splits, plan);
        var before = await DatasetComparison.MakeAsync(gateway, dataset, plan.Images, cancellation);
        PlanReport.Show(terminal, dataset, before);

        var refused = strict ? before.All : [];
        var result = plan.Images.Count == 0 || refused.Count > 0
            ? new ImportResult(0, 0, refused)
            : await Progress.RunAsync(terminal, "Importing", words.Unit, plan.Images.Count, progress => send(plan.Images, progress));
        List<Problem> failedCopies = [.. plan.FailedCopies(result.Failed)];
        result = result with
        {
            Failed = [.. hashed.Listing.Problems, .. failedCopies, .. result.Failed],
            Overruled = await OverruledAsync(plan.Images, result, cancellation),
        };
        terminal.Say($"Imported {result.Imported:N0} into \"{dataset}\": {result.Computed:N0} {words.New}, {result.CacheHits:N0} {words.Known}; {plan.Copies.Count - failedCopies.Count:N0} copies of others left out; {result.Failed.Count:N0} failed");
        if (result.Copies > 0)
        {
            terminal.Say($"With {result.Copies:N0} augmented copies of the training images: {result.ComputedCopies:N0} computed, {result.Copies - result.ComputedCopies:N0} cache hits");
        }

        if (refused.Count > 0)
        {
            terminal.Complain($"Nothing was sent: --strict, and dataset \"{dataset}\" says otherwise of {refused.Count:N0}.");
        }

        FailureSummary.Show(terminal, result.Failed);
        return result;
    }

    private async Task<IReadOnlyList<Problem>> OverruledAsync(
        IReadOnlyList<PlannedImage> images, ImportResult result, CancellationToken cancellation)
    {
        if (result.Imported == 0)
        {
            return [];
        }

        var failed = result.Failed.Select(problem => problem.Id).ToHashSet();
        var after = await DatasetComparison.MakeAsync(gateway, dataset, [.. images.Where(image => !failed.Contains(image.File.Id))], cancellation);
        IReadOnlyList<Problem> overruled = [.. after.Relabelled, .. after.Moved];
        PlanReport.ShowOverruled(terminal, dataset, overruled);
        return overruled;
    }
}
