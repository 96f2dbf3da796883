using Topfive.Features.V1;

namespace Topfive.ServiceDefaults;

/// <summary>What augmented copies may be asked for.</summary>
public static class AugmentationRule
{
    public const int MaxCopies = 100;

    private const float MaxShear = 90;

    /// <param name="augmentation">Null: nothing to check.</param>
    /// <param name="copies">How many copies are asked for.</param>
    /// <exception cref="Failure">INVALID_ARGUMENT, naming the field and the limit.</exception>
    public static void Check(Augmentation? augmentation, int copies)
    {
        if (copies is < 0 or > MaxCopies)
        {
            throw Failure.InvalidInput($"augmented_copies is {copies:N0}; it must be 0 to {MaxCopies}");
        }

        if (augmentation is null)
        {
            return;
        }

        if (augmentation.Copy < 0)
        {
            throw Failure.InvalidInput($"augmentation.copy is {augmentation.Copy:N0}; it must be at least 0, where 0 is the image itself");
        }

        CheckRange("shear", augmentation.Shear, MaxShear);
        CheckRange("zoom", augmentation.Zoom, 1);
        CheckRange("width_shift", augmentation.WidthShift, 1);
        CheckRange("height_shift", augmentation.HeightShift, 1);
    }

    private static void CheckRange(string field, float value, float limit)
    {
        // Written so that NaN is out of it.
        if (!(value >= 0 && value < limit))
        {
            throw Failure.InvalidInput($"augmentation.{field} is {value}; it must be at least 0 and below {limit}");
        }
    }
}
