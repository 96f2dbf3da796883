using Google.Protobuf;

namespace Topfive.Bench;

/// <summary>Images that no store has: never the same twice, each at what a photograph of 500×375 costs to decode.</summary>
internal sealed class NewImages
{
    private readonly byte[][] _pictures;
    private int _last;

    private NewImages(byte[][] pictures) => _pictures = pictures;

    public static async Task<NewImages> MakeAsync() => new(await BenchImages.MakeAsync(32));

    /// <summary>A JPEG goes on to be the same picture when something follows its end, and is another image to the store.</summary>
    public ByteString Next()
    {
        var number = Interlocked.Increment(ref _last);
        return UnsafeByteOperations.UnsafeWrap((byte[])[.. _pictures[number % _pictures.Length], .. BitConverter.GetBytes(number)]);
    }
}
