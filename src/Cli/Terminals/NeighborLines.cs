using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>The training examples nearest to an image, one a line.</summary>
internal static class NeighborLines
{
    private const string Changed = " (of the dataset as it is now: it has changed since this version was trained)";

    /// <param name="terminal">Where to show them.</param>
    /// <param name="neighbors">Nearest first.</param>
    /// <param name="datasetChanged">True: the dataset is not as it was when the version was trained.</param>
    public static void Show(Terminal terminal, IReadOnlyList<Neighbor> neighbors, bool datasetChanged)
    {
        if (neighbors.Count == 0)
        {
            return;
        }

        terminal.Say($"  nearest training examples, by cosine{(datasetChanged ? Changed : "")}:");
        var labelWidth = neighbors.Max(neighbor => neighbor.Label.Length);
        foreach (var neighbor in neighbors)
        {
            terminal.Say($"  {neighbor.Label.PadRight(labelWidth)}  {neighbor.Cosine:F4}  {Convert.ToHexStringLower(neighbor.ImageHash.Span)}");
        }
    }
}
