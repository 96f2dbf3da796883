using Google.Protobuf;
using Grpc.Core;
using Topfive.Features.V1;

namespace Topfive.Consoles;

internal static class SessionThumbnails
{
    private const int MostAtATime = 500;

    private static readonly Dictionary<ByteString, byte[]> None = [];

    /// <summary>The small pictures that there are of these images. Who may not see them sees hashes, as where the store keeps none.</summary>
    public static async Task<IReadOnlyDictionary<ByteString, byte[]>> ThumbnailsAsync(this GatewaySession session, IEnumerable<ByteString> images, CancellationToken cancellation)
    {
        ByteString[] asked = [.. images.Distinct().Take(MostAtATime)];
        if (asked.Length == 0) return None;
        try
        {
            var found = await session.Features.GetThumbnailsAsync(new GetThumbnailsRequest { ImageHashes = { asked } }, cancellationToken: cancellation);
            return found.Thumbnails.ToDictionary(thumbnail => thumbnail.ImageHash, thumbnail => thumbnail.Webp.ToByteArray());
        }
        catch (RpcException)
        {
            return None;
        }
    }
}
