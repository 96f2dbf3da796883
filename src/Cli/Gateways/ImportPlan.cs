using Topfive.Classifier.V1;
using Topfive.FeatureStore;

namespace Topfive.Cli;

/// <summary>An image that goes into the dataset.</summary>
internal sealed record PlannedImage(LabeledFile File, ImageHash Hash, Split Split)
{
    /// <summary>What the services decide where the import leaves it to them.</summary>
    public Split Side => Split == Split.Unspecified ? HashSplit.Of(Hash, File.Group.Span) : Split;
}

/// <summary>A file that is the same image as an earlier one.</summary>
/// <param name="File">What is left out.</param>
/// <param name="First">What goes in.</param>
/// <param name="Contradicts">They have different labels.</param>
internal sealed record Copy(LabeledFile File, LabeledFile First, bool Contradicts);

/// <summary>
/// What goes into the dataset, where an image is once. Of identical files the first in the listing has the word: the others
/// add nothing.
/// </summary>
/// <param name="Images">Each image once, in the order of the listing.</param>
/// <param name="Copies">Files left out because an earlier one is the same image.</param>
/// <param name="AcrossSplits">Those of the copies that stood on the other side of the split: left in, they would have leaked.</param>
internal sealed record ImportPlan(
    IReadOnlyList<PlannedImage> Images, IReadOnlyList<Copy> Copies, IReadOnlyList<Problem> AcrossSplits)
{
    public static ImportPlan Make(HashedListing hashed, IReadOnlyList<Split> splits)
    {
        var firsts = new Dictionary<ImageHash, PlannedImage>();
        var acrossSplits = new List<Problem>();
        var copies = new List<Copy>();
        var images = new List<PlannedImage>();
        foreach (var (i, file) in hashed.Listing.Files.Index())
        {
            if (hashed.Hashes[i] is not { } hash)
            {
                continue;
            }

            var image = new PlannedImage(file, hash, splits[i]);
            if (firsts.TryAdd(hash, image))
            {
                images.Add(image);
                continue;
            }

            var first = firsts[hash];
            var contradicts = first.File.Label != file.Label;
            copies.Add(new Copy(file, first.File, contradicts));
            if (!contradicts && first.Split != image.Split)
            {
                acrossSplits.Add(new Problem(file.Id, $"the same image as {first.File.Id}, which is {first.Split.ToString().ToLowerInvariant()}"));
            }
        }

        return new ImportPlan(images, copies, acrossSplits);
    }

    /// <summary>The copies that count as failed: those under another label, and those of an image that failed, broken as it is.</summary>
    /// <param name="failed">Of the images.</param>
    public IEnumerable<Problem> FailedCopies(IEnumerable<Problem> failed)
    {
        var reasons = failed.ToDictionary(problem => problem.Id, problem => problem.Reason);
        foreach (var (file, first, contradicts) in Copies)
        {
            var reason = reasons.GetValueOrDefault(first.Id);
            if (contradicts)
            {
                yield return new Problem(file.Id, $"the same image as {first.Id}, which is labelled \"{first.Label}\"{(reason is null ? "" : $" and failed: {reason}")}");
            }
            else if (reason is not null)
            {
                yield return new Problem(file.Id, reason);
            }
        }
    }
}
