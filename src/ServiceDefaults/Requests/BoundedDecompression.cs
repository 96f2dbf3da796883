using System.IO.Compression;
using Grpc.Net.Compression;

namespace Topfive.ServiceDefaults;

/// <summary>
/// Messages that callers compressed, which gRPC limits as they come and not as they are: a thousandth of a message's limit may unfold to all of it, and
/// a message of the limit to a thousand times that.
/// </summary>
internal sealed class BoundedDecompression(ICompressionProvider inner, LimitOptions limits) : ICompressionProvider
{
    public string EncodingName => inner.EncodingName;

    public static List<ICompressionProvider> All(LimitOptions limits) =>
    [
        new BoundedDecompression(new GzipCompressionProvider(CompressionLevel.Fastest), limits),
        new BoundedDecompression(new DeflateCompressionProvider(CompressionLevel.Fastest), limits),
    ];

    public Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel) => inner.CreateCompressionStream(stream, compressionLevel);

    public Stream CreateDecompressionStream(Stream stream) => new Unfolding(inner.CreateDecompressionStream(stream), EncodingName, limits);

    private sealed class Unfolding(Stream unfolded, string encoding, LimitOptions limits) : Stream
    {
        private long _bytes;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            try
            {
                var read = unfolded.Read(buffer);
                _bytes += read;
                return _bytes <= limits.MaxMessageBytes ? read : throw Failure.InvalidInput(
                    $"the message has more than {limits.MaxMessageBytes:N0} bytes when it is decompressed, the most that are accepted (an image: {limits.MaxImageBytes:N0}, Limits__MaxImageBytes)").ToRpcException();
            }
            catch (InvalidDataException exception)
            {
                throw Failure.InvalidInput($"the message is not the {encoding} that grpc-encoding says it is: {exception.Message}").ToRpcException();
            }
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) unfolded.Dispose();
            base.Dispose(disposing);
        }
    }
}
