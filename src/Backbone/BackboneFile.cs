using System.Buffers;

namespace Topfive.Backbones;

public sealed record BackboneFile
{
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    internal static bool IsFingerprint(string text) => text.Length == 64 && !text.AsSpan().ContainsAnyExcept(HexDigits);
}
