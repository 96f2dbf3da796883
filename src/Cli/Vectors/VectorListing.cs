using System.Buffers;
using Google.Protobuf;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.Cli;

/// <summary>What a vector file says of its rows, each checked alone.</summary>
internal sealed class VectorListing
{
    private readonly List<LabeledFile> _files = [];
    private readonly List<ImageHash?> _hashes = [];
    private readonly List<Problem> _problems = [];

    /// <param name="hash">64 hexadecimal digits.</param>
    /// <param name="label">Its label.</param>
    /// <param name="split">As <see cref="SplitNames"/> has it; empty: by hash.</param>
    /// <param name="group">Empty: the image is its own group.</param>
    public void Add(string? hash, string? label, string? split, ByteString group)
    {
        var id = $"row {_files.Count}";
        var side = string.IsNullOrEmpty(split) ? Split.Unspecified : SplitNames.Read(split);
        _files.Add(new LabeledFile(id, "", label ?? "") { Group = group, GivenSplit = side ?? Split.Unspecified });
        var problem = Read(hash, out var image) is not OperationStatus.Done
            ? $"its image_hash is \"{hash}\"; it must be the 64 hexadecimal digits of a SHA-256"
            : side is null ? $"its split is \"{split}\"; it must be {SplitNames.Known}, or empty for by hash"
            : Rule(_files[^1]);
        _hashes.Add(problem is null ? image : null);
        if (problem is not null)
        {
            _problems.Add(new Problem(id, problem));
        }
    }

    public HashedListing ToHashed() => new(new Listing(_files, _problems, []), _hashes);

    private static OperationStatus Read(string? hex, out ImageHash hash)
    {
        Span<byte> bytes = stackalloc byte[ImageHash.Size];
        var status = hex?.Length == 2 * ImageHash.Size ? Convert.FromHexString(hex, bytes, out _, out _) : OperationStatus.InvalidData;
        ImageHash.TryRead(bytes, out hash);
        return status;
    }

    /// <summary>The services' own rules: one row that breaks them would end the whole call.</summary>
    private static string? Rule(LabeledFile file)
    {
        try
        {
            NameRule.Check(file.Label, "label");
            ExampleRule.Check(file.GivenSplit, file.Group);
            return null;
        }
        catch (Failure failure)
        {
            return failure.Message;
        }
    }
}
