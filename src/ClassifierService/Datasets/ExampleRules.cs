using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>What an example must be before it is stored.</summary>
internal static class ExampleRules
{
    /// <summary>Checks one example, and decides its split when it names none.</summary>
    /// <exception cref="Failure">INVALID_ARGUMENT, naming the example and the limit.</exception>
    public static ImageHash Complete(Example example)
    {
        NameRule.Check(example.Dataset, "dataset");
        if (!ImageHash.TryRead(example.ImageHash.Span, out var image))
        {
            throw Failure.InvalidInput(
                $"an example of dataset '{example.Dataset}' has an image_hash of {example.ImageHash.Length} bytes; a SHA-256 has {ImageHash.Size}");
        }

        NameRule.Check(example.Label, $"label of image {image}");
        ExampleRule.Check(example.Split, example.Group, image);
        if (example.Split == Split.Unspecified) example.Split = HashSplit.Of(image, example.Group.Span);
        return image;
    }
}
