using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>How an import splits.</summary>
/// <param name="Name"><see cref="Keras"/>, <see cref="Hash"/> or <see cref="Given"/>.</param>
/// <param name="Validation">Keras' fraction.</param>
internal sealed record SplitRule(string Name, double Validation)
{
    public const double DefaultValidation = 0.25;

    /// <summary>By name, see <see cref="KerasSplit"/>.</summary>
    public const string Keras = "keras";

    /// <summary>By the image's or the group's hash; the services decide, always alike.</summary>
    public const string Hash = "hash";

    /// <summary>By the listing: train/ and validation/, or a CSV's column "split".</summary>
    public const string Given = "given";

    public IReadOnlyList<Split> Assign(IReadOnlyList<LabeledFile> files) => Name switch
    {
        Given => [.. files.Select(file => file.GivenSplit)],
        Hash => [.. files.Select(_ => Split.Unspecified)],
        _ => KerasSplit.Assign(files, Validation),
    };
}
