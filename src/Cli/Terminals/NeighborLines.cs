using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>The training examples nearest to an image, one a line.</summary>
internal static class NeighborLines
{
    public static void Show(Terminal terminal, IReadOnlyList<Neighbor> neighbors)
    {
        if (neighbors.Count == 0)
        {
            return;
        }

        terminal.Say($"  nearest training examples, by cosine:");
        var labelWidth = neighbors.Max(neighbor => neighbor.Label.Length);
        foreach (var neighbor in neighbors)
        {
            terminal.Say($"  {neighbor.Label.PadRight(labelWidth)}  {neighbor.Cosine:F4}  {Convert.ToHexStringLower(neighbor.ImageHash.Span)}");
        }
    }
}
