using Google.Protobuf;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>
/// The split that Keras' <c>ImageDataGenerator(validation_split=v)</c> makes: of each label's n files, in name
/// order, the first ⌊v·n⌋ are validation, the rest training. Keras knows no groups. Here a group is decided whole, where
/// its first file stands: it is validation when all of it still fits into what is left of its labels' ⌊v·n⌋.
/// </summary>
internal static class KerasSplit
{
    /// <param name="files">In name order within each label.</param>
    /// <param name="validation">Fraction; 0 ≤ v &lt; 1.</param>
    /// <returns>The side of each file, in the order of the files.</returns>
    public static Split[] Assign(IReadOnlyList<LabeledFile> files, double validation)
    {
        // Keras truncates the floating-point product: 0.29 of 100 files are 28.
        var left = files.CountBy(file => file.Label).ToDictionary(label => label.Key, label => (int)(validation * label.Value));
        var groups = files.Where(file => file.Group.Length > 0).ToLookup(file => file.Group);
        var decided = new Dictionary<ByteString, Split>();
        return [.. files.Select(Side)];

        Split Side(LabeledFile file) => file.Group.Length == 0 ? Take([file])
            : decided.TryGetValue(file.Group, out var side) ? side
            : decided[file.Group] = Take(groups[file.Group]);

        Split Take(IEnumerable<LabeledFile> together)
        {
            var sizes = together.CountBy(file => file.Label).ToList();
            if (sizes.Any(label => label.Value > left[label.Key]))
            {
                return Split.Training;
            }

            sizes.ForEach(label => left[label.Key] -= label.Value);
            return Split.Validation;
        }
    }
}
