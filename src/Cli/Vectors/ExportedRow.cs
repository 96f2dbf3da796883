using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>An example and its vector.</summary>
/// <param name="Example">Hash, label, split and group.</param>
/// <param name="Vector">As long as the backbone's vectors are.</param>
internal sealed record ExportedRow(Example Example, ReadOnlyMemory<float> Vector)
{
    /// <summary>Lower-case hex, 64 characters.</summary>
    public string Hash { get; } = Convert.ToHexStringLower(Example.ImageHash.Span);

    public string Split { get; } = Example.Split == Classifier.V1.Split.Validation ? "validation" : "training";
}
