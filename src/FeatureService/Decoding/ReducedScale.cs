using SkiaSharp;
using Topfive.Backbones;

namespace Topfive.FeatureService;

/// <summary>
/// Decoding a large JPEG at a half, a quarter or an eighth of its sides: each 8×8 block's inverse DCT gives 4×4, 2×2 or 1 pixel, which are the
/// means of those that it would have given (libjpeg's scaled decoding). The smallest is taken whose sides are both at least
/// <see cref="BackboneFile.ReducedMultiple"/> times what the network reads; a JPEG that is too small for a half stays as it is.
/// </summary>
internal static class ReducedScale
{
    private const int MostHalvings = 3;

    /// <param name="codec">Of any format; only JPEGs are reduced.</param>
    /// <param name="width">What the network reads, of the image as it is stored, in pixels.</param>
    /// <param name="height">The same.</param>
    /// <returns>How many times the sides are halved.</returns>
    public static int Halvings(SKCodec codec, int width, int height)
    {
        if (codec.EncodedFormat != SKEncodedImageFormat.Jpeg)
        {
            return 0;
        }

        var halvings = 0;
        while (halvings < MostHalvings && IsEnough(codec.Info.Width, width, halvings + 1) && IsEnough(codec.Info.Height, height, halvings + 1))
        {
            halvings++;
        }

        return halvings;
    }

    private static bool IsEnough(int side, int read, int halvings) => side >> halvings >= BackboneFile.ReducedMultiple * read;
}
