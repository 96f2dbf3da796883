using System.Security.Cryptography;
using Topfive.Classifier.V1;

namespace Topfive.FeatureStore;

/// <summary>
/// The split of an example that names none. The SHA-256 of its group, or of its image when it has no group, is read as a
/// fraction of 2²⁵⁶: below one quarter is VALIDATION. So a group stays on one side, an image is on the same side in
/// every dataset and at every time, and another machine decides the same.
/// </summary>
public static class HashSplit
{
    public static Split Of(ImageHash image, ReadOnlySpan<byte> group)
    {
        var firstByte = group.IsEmpty ? (byte)(image.Prefix >> 56) : SHA256.HashData(group)[0];
        return firstByte < 64 ? Split.Validation : Split.Training;
    }
}
