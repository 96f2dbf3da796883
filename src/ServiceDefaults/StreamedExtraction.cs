using Topfive.Features.V1;

namespace Topfive.ServiceDefaults;

/// <summary>An item of ExtractStream is a bulk Extract with an id.</summary>
public static class StreamedExtraction
{
    public static ExtractRequest ToExtractRequest(this ExtractStreamRequest item)
    {
        var request = new ExtractRequest
        {
            OmitVector = item.OmitVector,
            Augmentation = item.Augmentation,
            AugmentedCopies = item.AugmentedCopies,
            Bulk = true,
        };
        switch (item.InputCase)
        {
            case ExtractStreamRequest.InputOneofCase.Image:
                request.Image = item.Image;
                break;
            case ExtractStreamRequest.InputOneofCase.ImageHash:
                request.ImageHash = item.ImageHash;
                break;
        }

        return request;
    }
}
