using Topfive.Classifier.V1;

namespace Topfive.Consoles;

/// <summary>What changes for callers when another version becomes live.</summary>
internal static class HeadChange
{
    private const int MostNamed = 8;

    /// <param name="live">Null: no version is live.</param>
    /// <param name="next">The version that is to be.</param>
    public static IEnumerable<string> Of(Head? live, Head next)
    {
        yield return live is null
            ? $"No version is live now; version {next.Version} will answer whoever asks for no version, within a second."
            : $"Version {next.Version} answers instead of version {live.Version} whoever asks for no version, within a second; no call fails.";
        if (live is null) yield break;

        if (live.Evaluation is { } before && next.Evaluation is { } after)
        {
            yield return $"Right on validation images: {Words.Percent(before.Accuracy)} → {Words.Percent(after.Accuracy)} ({(after.Accuracy - before.Accuracy) * 100:+0.0;−0.0;±0.0} points)"
                + (live.DatasetDigest == next.DatasetDigest ? "." : ", each on the validation images of its own dataset.");
            yield return $"Among its five: {Words.Percent(before.Top5Accuracy)} → {Words.Percent(after.Top5Accuracy)}.";
        }
        else
        {
            yield return "One of the two was not measured on validation images, so they cannot be compared.";
        }

        var (gone, fresh) = (live.Labels.Except(next.Labels).ToList(), next.Labels.Except(live.Labels).ToList());
        if (gone.Count > 0) yield return $"Labels that it no longer knows: {Named(gone)}.";
        if (fresh.Count > 0) yield return $"New labels: {Named(fresh)}.";
        if (gone.Count + fresh.Count == 0) yield return $"The same {next.Labels.Count} labels.";
        if (live.BackboneFingerprint != next.BackboneFingerprint) yield return "It reads vectors of another backbone: images are refused unless that one runs.";
    }

    private static string Named(List<string> labels) => string.Join(", ", labels.Take(MostNamed)) + (labels.Count > MostNamed ? $" and {labels.Count - MostNamed} more" : "");
}
