using Google.Protobuf;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.Gateway.V1;

namespace Topfive.Gateway;

/// <summary>
/// Sees to it that the vectors of the image and its augmented copies are in the store. One call an image, not one stream: each finds the replica that owns
/// it, and is tried again where a replica goes away. Bulk, so that it waits for a place and delays no interactive call.
/// </summary>
internal sealed class ImageExtractor(FeatureExtraction.FeatureExtractionClient features)
{
    public async Task<Ingested> ExtractAsync(LabeledImage image, ServerCallContext caller)
    {
        var request = new ExtractRequest { OmitVector = true, Bulk = true };
        ImageHash hash;
        if (image.InputCase == LabeledImage.InputOneofCase.Image)
        {
            request.Image = image.Image;
            hash = ImageHash.Of(image.Image.Span);
        }
        else
        {
            request.ImageHash = image.ImageHash;
            ImageHash.TryRead(image.ImageHash.Span, out hash);
        }

        request.AugmentedCopies = TrainingCopies(image, hash);
        if (request.AugmentedCopies > 0 && image.Augmentation is not null)
        {
            request.Augmentation = new Augmentation(image.Augmentation) { Copy = 0 };
        }

        var extracted = await features.ExtractAsync(request, caller.DownstreamBulk(ImageRoute.For(hash)));
        return new Ingested
        {
            ImageHash = extracted.ImageHash,
            Source = extracted.Source,
            AugmentedCopies = extracted.Copies.Count,
            ComputedCopies = extracted.Copies.Count(copy => copy.Source == Source.Computed),
        };
    }

    /// <summary>Augmentation is for training: an image that validates has no copies.</summary>
    private static int TrainingCopies(LabeledImage image, ImageHash hash)
    {
        var split = image.Split == Split.Unspecified ? HashSplit.Of(hash, image.Group.Span) : image.Split;
        return split == Split.Validation ? 0 : image.AugmentedCopies;
    }
}
