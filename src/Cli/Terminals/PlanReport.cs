using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>What is known before anything is sent: sizes, files passed over, and images that are there more than once.</summary>
internal static class PlanReport
{
    private const int NamesShown = 20;

    public static void Show(Terminal terminal, Listing listing, IReadOnlyList<Split> splits, ImportPlan plan)
    {
        if (listing.Skipped.Count > 0)
        {
            terminal.Say($"Skipped {listing.Skipped.Count:N0} files that are no images in a class folder: {Some(listing.Skipped)}");
        }

        var labels = listing.Files.DistinctBy(file => file.Label).Count();
        var held = splits.Count(split => split == Split.Validation);
        var byHash = splits.Count(split => split == Split.Unspecified);
        if (byHash > 0)
        {
            terminal.Say($"{labels:N0} labels, {byHash:N0} images, split by hash");
        }
        else
        {
            terminal.Say($"{labels:N0} labels, {listing.Files.Count - held:N0} training and {held:N0} validation images");
        }

        var contradictions = plan.Copies.Count(copy => copy.Contradicts);
        if (contradictions > 0)
        {
            terminal.Say($"{contradictions:N0} images are under two labels; the first name keeps its label, the others count as failed");
        }

        ShowSome(terminal, $"{plan.AcrossSplits.Count:N0} images are on both sides of the split; the first name keeps its side, the others are left out:", plan.AcrossSplits);
    }

    /// <summary>What the dataset says otherwise, before it is overruled.</summary>
    public static void Show(Terminal terminal, string dataset, DatasetComparison comparison)
    {
        ShowSome(terminal, $"{comparison.Relabelled.Count:N0} images have another label in \"{dataset}\" already; this import's replaces it:", comparison.Relabelled);
        ShowSome(terminal, $"{comparison.Moved.Count:N0} images are on the other side of the split in \"{dataset}\" already; this import moves them:", comparison.Moved);
        ShowSome(terminal, $"{comparison.SplitGroups.Count:N0} groups will be on both sides of the split:", comparison.SplitGroups);
    }

    public static void ShowOverruled(Terminal terminal, string dataset, IReadOnlyList<Problem> overruled) => ShowSome(
        terminal, $"{overruled.Count:N0} images were changed in \"{dataset}\" by another import while this one ran:", overruled);

    private static void ShowSome(Terminal terminal, FormattableString heading, IReadOnlyList<Problem> problems)
    {
        if (problems.Count == 0)
        {
            return;
        }

        terminal.Say(heading);
        foreach (var problem in problems.Take(NamesShown))
        {
            terminal.Say($"  {problem.Id}: {problem.Reason}");
        }

        if (problems.Count > NamesShown)
        {
            terminal.Say($"  and {problems.Count - NamesShown:N0} more");
        }
    }

    private static string Some(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(3)) + (names.Count > 3 ? ", …" : "");
}
