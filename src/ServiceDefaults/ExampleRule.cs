using Google.Protobuf;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;

namespace Topfive.ServiceDefaults;

/// <summary>What an example's split and group may be.</summary>
public static class ExampleRule
{
    public const int MaxGroupBytes = 64;

    /// <param name="split">Unspecified is one: by hash.</param>
    /// <param name="group">Empty: the image is its own group.</param>
    /// <param name="image">Whose they are, for the message; null where the caller knows.</param>
    /// <exception cref="Failure">INVALID_ARGUMENT, naming the item and the limit.</exception>
    public static void Check(Split split, ByteString group, ImageHash? image = null)
    {
        if (!Enum.IsDefined(split))
        {
            throw Failure.InvalidInput($"split{Of(image)} is {(int)split}; it must be TRAINING (1), VALIDATION (2) or 0 for by hash");
        }

        if (group.Length > MaxGroupBytes)
        {
            throw Failure.InvalidInput($"group{Of(image)} has {group.Length} bytes; at most {MaxGroupBytes} are allowed");
        }
    }

    private static string Of(ImageHash? image) => image is { } hash ? $" of image {hash}" : "";
}
