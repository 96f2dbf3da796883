using Google.Protobuf;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>What an example must be before it is stored.</summary>
internal static class ExampleRules
{
    /// <summary>Checks one example of an image (not of a copy), and decides its split when it names none.</summary>
    /// <exception cref="Failure">INVALID_ARGUMENT, naming the example and the limit.</exception>
    public static ImageHash Complete(Example example, NamePolicy names)
    {
        names.Check(example.Dataset, "dataset");
        if (!ImageHash.TryRead(example.ImageHash.Span, out var image))
        {
            throw Failure.InvalidInput(
                $"an example of dataset '{example.Dataset}' has an image_hash of {example.ImageHash.Length} bytes; a SHA-256 has {ImageHash.Size}");
        }

        names.Check(example.Label, $"label of image {image}");
        ExampleRule.Check(example.Split, example.Group, image);
        AugmentationRule.Check(example.Augmentation, example.AugmentedCopies);
        if (example.Split == Split.Unspecified) example.Split = HashSplit.Of(image, example.Group.Span);
        if (example.Split == Split.Validation) example.AugmentedCopies = 0;
        example.Augmentation = example.AugmentedCopies == 0 || example.Augmentation is null ? null : new(example.Augmentation) { Copy = 0 };
        example.OriginalImageHash = ByteString.Empty;
        return image;
    }

    /// <summary>The examples of the augmented copies that an example's image has: its label and side, and one group with it.</summary>
    public static IEnumerable<Example> CopiesOf(Example example, ImageHash image) =>
        from copy in Enumerable.Range(1, example.AugmentedCopies)
        select new Example
        {
            Dataset = example.Dataset,
            ImageHash = Bytes(AugmentedCopy.Hash(image, example.Augmentation, copy)),
            Label = example.Label,
            Split = example.Split,
            Group = example.Group.IsEmpty ? example.ImageHash : example.Group,
            OriginalImageHash = example.ImageHash,
            Copy = copy,
        };

    private static ByteString Bytes(ImageHash hash) => UnsafeByteOperations.UnsafeWrap(hash.ToByteArray());
}
