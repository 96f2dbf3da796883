using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Options;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.Gateway.V1;

namespace Topfive.Gateway;

/// <summary>Sees to it that the image's vector is in the store.</summary>
internal sealed class ImageExtractor(FeatureExtraction.FeatureExtractionClient features, IOptions<ServicesOptions> services)
{
    public async Task<Ingested> ExtractAsync(LabeledImage image, ServerCallContext caller)
    {
        var request = new ExtractRequest { OmitVector = true };
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

        var extracted = await features.ExtractAsync(request, caller.Downstream(services.Value, ImageRoute.For(hash)));
        return new Ingested { ImageHash = extracted.ImageHash, Source = extracted.Source };
    }
}
