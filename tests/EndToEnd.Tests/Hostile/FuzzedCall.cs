using System.IO.Compression;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Topfive.TestKit;

namespace Topfive.EndToEnd.Tests;

/// <summary>One call as an attacker or a broken client makes it, drawn from a seed.</summary>
internal sealed class FuzzedCall
{
    private static readonly byte[] InvalidUtf8 = [.. Encoding.UTF8.GetBytes(RandomMessage.NoUtf8).Select((_, i) => (byte)(i % 2 == 0 ? 0xFF : 0xC3))];

    private static readonly Lazy<byte[]> Bomb = new(() => Gzip(new byte[40 << 20]));

    private readonly Random _random;
    private readonly MethodDescriptor _method;
    private readonly RandomMessage.Known _known;
    private readonly int _largest;

    /// <param name="seed">Decides all of it.</param>
    /// <param name="method">What is called.</param>
    /// <param name="known">What the services hold.</param>
    /// <param name="largest">The limit on a message, in bytes.</param>
    public FuzzedCall(int seed, MethodDescriptor method, RandomMessage.Known known, int largest)
    {
        // Of seeds in a row Random draws first numbers that are in a row, too.
        (_random, _method, _known, _largest) = (new Random(unchecked((int)((uint)seed * 2_654_435_761))), method, known, largest);
        Body = DrawBody();
        Headers = [.. DrawHeaders()];
    }

    /// <summary>Of a call that stays open for as long as it has something to tell, a second is enough.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; }

    public byte[] Body { get; }

    private byte[] DrawBody() => _random.Next(20) switch
    {
        < 2 => Frames(edges: 0),
        < 11 => Frames(edges: _random.NextDouble() / 3),
        < 14 => [.. Messages(0.05).SelectMany(message => RawGrpc.Frame(Mutation.Of(message, [message, Noise(100)], _random)))],
        < 15 => RawGrpc.Frame(Noise(_random.Next(1_000))),
        15 => CutShort(Frames(edges: 0)),
        16 => Compressed(Messages(0).FirstOrDefault() ?? []),
        17 => _random.Next(4) switch
        {
            0 => RawGrpc.Frame(Noise(10), length: uint.MaxValue),
            1 => RawGrpc.Frame(Noise(10), length: (uint)_largest + 1),
            2 => RawGrpc.Frame(new byte[_largest + 1]),
            _ => RawGrpc.Frame(new byte[_largest]),
        },
        18 => [.. Frames(edges: 0), .. Frames(edges: 0), .. _random.Next(2) == 0 ? Noise(3) : []],
        _ => _random.Next(2) == 0 ? [] : Noise(_random.Next(1, 100)),
    };

    private byte[] Frames(double edges) => [.. Messages(edges).SelectMany(message => RawGrpc.Frame(message))];

    private IEnumerable<byte[]> Messages(double edges) => Enumerable.Range(0, _method.IsClientStreaming ? _random.Next(5) : 1).Select(_ =>
    {
        var bytes = new RandomMessage(_random, _known, edges).Of(_method.InputType).ToByteArray();
        var marked = Encoding.UTF8.GetBytes(RandomMessage.NoUtf8);
        for (var at = bytes.AsSpan().IndexOf(marked); at >= 0; at = bytes.AsSpan().IndexOf(marked)) InvalidUtf8.CopyTo(bytes, at);
        return bytes;
    });

    private byte[] CutShort(byte[] frames) => frames.Length == 0 ? [0, 0] : frames[.._random.Next(frames.Length)];

    /// <summary>Headers do not always say how, and what is in it is not always what they say.</summary>
    private byte[] Compressed(byte[] message) => _random.Next(4) switch
    {
        0 => RawGrpc.Frame(message, flag: (byte)_random.Next(1, 256)),
        1 => RawGrpc.Frame(Noise(100), flag: 1),
        2 => RawGrpc.Frame(Gzip(message), flag: 1),
        _ => RawGrpc.Frame(Bomb.Value, flag: 1),
    };

    private IEnumerable<(string, string)> DrawHeaders()
    {
        yield return ("grpc-timeout", "1S");
        switch (_random.Next(12))
        {
            case 0:
                yield return ("grpc-encoding", _random.Next(4) switch { 0 => "identity", 1 => "br", 2 => "deflate", _ => "gzip" });
                break;
            case < 5:
                yield return ("grpc-encoding", "gzip");
                break;
            case 5:
                yield return ("broken-bin", "not base64!");
                break;
            case 6:
                yield return ("topfive-user", new string('u', 5_000));
                yield return ("x-forwarded-for", "%00%ff, nobody");
                break;
            case 7:
                yield return ("traceparent", "00-zz-zz-zz");
                yield return ("tracestate", "=,=,=");
                yield return ("topfive-image", "zzzz");
                yield return ("grpc-previous-rpc-attempts", "-1");
                break;
        }
    }

    private byte[] Noise(int length)
    {
        var bytes = new byte[length];
        _random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest)) gzip.Write(bytes);
        return packed.ToArray();
    }
}
