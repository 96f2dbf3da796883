using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>
/// The split that Keras' <c>ImageDataGenerator(validation_split=v)</c> makes: of each label's n files, in name
/// order, the first ⌊v·n⌋ are validation, the rest training.
/// </summary>
internal static class KerasSplit
{
    /// <param name="files">In name order within each label.</param>
    /// <param name="validation">Fraction; 0 ≤ v &lt; 1.</param>
    /// <returns>The side of each file, in the order of the files.</returns>
    public static Split[] Assign(IReadOnlyList<LabeledFile> files, double validation)
    {
        // Keras truncates the floating-point product: 0.29 of 100 files are 28.
        var validationLeft = files.CountBy(file => file.Label).ToDictionary(label => label.Key, label => (int)(validation * label.Value));
        return [.. files.Select(file => validationLeft[file.Label]-- > 0 ? Split.Validation : Split.Training)];
    }
}
