using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>How folders and CSVs spell the sides of a split.</summary>
internal static class SplitNames
{
    public const string Known = "train or training, val, valid or validation";

    /// <returns>Null when the name is none of those.</returns>
    public static Split? Read(string name) => name.ToLowerInvariant() switch
    {
        "train" or "training" => Split.Training,
        "val" or "valid" or "validation" => Split.Validation,
        _ => null,
    };
}
