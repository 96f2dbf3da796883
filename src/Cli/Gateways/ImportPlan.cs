using Topfive.Classifier.V1;
using Topfive.FeatureStore;

namespace Topfive.Cli;

/// <summary>An image that goes into the dataset.</summary>
internal sealed record PlannedImage(LabeledFile File, ImageHash Hash, Split Split);

/// <summary>
/// What goes into the dataset, where an image is once. Of identical files the first in the listing has the word: the others
/// add nothing, and those that contradict it are named.
/// </summary>
/// <param name="Images">Each image once, in the order of the listing.</param>
/// <param name="Copies">Files left out because an earlier one with the same label is the same image.</param>
/// <param name="AcrossSplits">Those of the copies that stood on the other side of the split: left in, they would have leaked.</param>
/// <param name="Contradictions">Files left out because an earlier one with another label is the same image.</param>
internal sealed record ImportPlan(
    IReadOnlyList<PlannedImage> Images, int Copies, IReadOnlyList<Problem> AcrossSplits, IReadOnlyList<Problem> Contradictions)
{
    public static ImportPlan Make(HashedListing hashed, IReadOnlyList<Split> splits)
    {
        var firsts = new Dictionary<ImageHash, PlannedImage>();
        var acrossSplits = new List<Problem>();
        var contradictions = new List<Problem>();
        var copies = 0;
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
            if (first.File.Label != file.Label)
            {
                contradictions.Add(new Problem(file.Id, $"the same image as {first.File.Id}, which is labelled \"{first.File.Label}\""));
                continue;
            }

            copies++;
            if (first.Split != image.Split)
            {
                acrossSplits.Add(new Problem(file.Id, $"the same image as {first.File.Id}, which is {first.Split.ToString().ToLowerInvariant()}"));
            }
        }

        return new ImportPlan(images, copies, acrossSplits, contradictions);
    }
}
