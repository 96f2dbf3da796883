using Google.Protobuf;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>A labelled image in a folder or an archive.</summary>
/// <param name="Id">What messages call it: its path below the folder or in the archive, or its id in the CSV.</param>
/// <param name="Path">The file, or the archive's own name for it.</param>
/// <param name="Label">Its label.</param>
internal sealed record LabeledFile(string Id, string Path, string Label)
{
    /// <summary>Its side of the split where the listing says one.</summary>
    public Split GivenSplit { get; init; }

    /// <summary>Files of one group stay on one side of the split; empty: the file is its own group.</summary>
    public ByteString Group { get; init; } = ByteString.Empty;
}

/// <summary>Something that cannot be imported, and why.</summary>
internal sealed record Problem(string Id, string Reason);

/// <summary>What a folder, a CSV or an archive holds.</summary>
/// <param name="Files">The images, in the order of the listing.</param>
/// <param name="Problems">Items that should be images and cannot be imported.</param>
/// <param name="Skipped">Files that are no images by their extension, or stand in no class folder.</param>
internal sealed record Listing(IReadOnlyList<LabeledFile> Files, IReadOnlyList<Problem> Problems, IReadOnlyList<string> Skipped);

internal static class ImageExtensions
{
    /// <summary>What the services decode; in this order a CSV's id without extension is tried.</summary>
    public static readonly string[] All = [".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"];

    public static bool Match(string path) => All.Contains(Path.GetExtension(path).ToLowerInvariant());
}
