using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.FeatureStore;

namespace Topfive.Cli;

/// <summary>The augmented copies that each training image of an import is to have.</summary>
/// <param name="Count">How many; 0: none.</param>
/// <param name="Seed">Another seed, other copies.</param>
internal sealed record AugmentedCopies(int Count, ulong Seed)
{
    public static AugmentedCopies None { get; } = new(0, 0);

    /// <summary>Null without copies.</summary>
    public Augmentation? Augmentation { get; } = Count == 0 ? null : new(AugmentedCopy.DefaultAugmentation) { Seed = Seed };

    /// <summary>The hashes that the store must know, so that an image need not be sent: its own, and of a training image its copies'.</summary>
    public IEnumerable<ImageHash> WithOriginal(PlannedImage image) =>
        Enumerable.Range(0, image.Side == Split.Validation ? 1 : 1 + Count).Select(copy => AugmentedCopy.Hash(image.Hash, Augmentation, copy));
}
