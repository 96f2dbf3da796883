using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Topfive.TestKit;

namespace Topfive.Backbones.Tests;

/// <summary>What TensorFlow.js and nsfwjs said; tests/parity/golden writes it.</summary>
internal sealed record Golden(
    [property: JsonPropertyName("source")] string Source,
    [property: JsonPropertyName("photos")] GoldenPhoto[] Photos)
{
    public static Golden Read() =>
        JsonSerializer.Deserialize<Golden>(File.ReadAllText(Path.Combine(Repository.Root, "tests", "parity", "golden.json")))!;
}

internal sealed record GoldenPhoto(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("pixels_sha256")] string PixelsSha256,
    [property: JsonPropertyName("probabilities")] Dictionary<string, double> Probabilities,
    [property: JsonPropertyName("vector_float32_base64")] string VectorBase64)
{
    public float[] Vector() => MemoryMarshal.Cast<byte, float>(Convert.FromBase64String(VectorBase64)).ToArray();
}
