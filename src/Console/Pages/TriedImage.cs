using Google.Protobuf;
using Topfive.Gateway.V1;

namespace Topfive.Consoles;

/// <summary>An image on the page Try, and what a head said of it.</summary>
internal sealed class TriedImage(string name, long bytes)
{
    public string Name { get; } = name;

    public long Bytes { get; } = bytes;

    /// <summary>Where the browser itself has it.</summary>
    public string? Preview { get; init; }

    public ByteString Hash { get; set; } = ByteString.Empty;

    /// <summary>Null: not answered yet, or refused. Every label of the head is in it.</summary>
    public PredictResponse? Answer { get; set; }

    public TimeSpan Took { get; set; }

    /// <summary>Why there is no answer.</summary>
    public string? Problem { get; set; }

    public string Truth { get; set; } = "";

    public IReadOnlyDictionary<ByteString, byte[]> Thumbnails { get; set; } = new Dictionary<ByteString, byte[]>();
}
