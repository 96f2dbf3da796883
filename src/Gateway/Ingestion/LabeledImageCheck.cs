using Topfive.FeatureStore;
using Topfive.Gateway.V1;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>Refuses what could never become an example before anything is computed or stored for it.</summary>
internal static class LabeledImageCheck
{
    public static void Check(LabeledImage image, NamePolicy names)
    {
        names.Check(image.Dataset, "dataset");
        names.Check(image.Label, "label");
        if (image.InputCase == LabeledImage.InputOneofCase.None)
        {
            throw Failure.InvalidInput("neither image nor image_hash is set; exactly one must be");
        }

        if (image.InputCase == LabeledImage.InputOneofCase.ImageHash && image.ImageHash.Length != ImageHash.Size)
        {
            throw Failure.InvalidInput($"image_hash has {image.ImageHash.Length} bytes; a SHA-256 has {ImageHash.Size}");
        }

        ExampleRule.Check(image.Split, image.Group);
        AugmentationRule.Check(image.Augmentation, image.AugmentedCopies);
    }
}
