using System.Buffers.Binary;

namespace Topfive.Gateway;

/// <summary>
/// The messages of a gRPC stream, let through as fast as its caller may send: what is not read yet waits with the sender, by
/// HTTP/2's flow control. The first one is the call itself, and was counted as that.
/// </summary>
internal sealed class MeteredBody(Stream body, Func<CancellationToken, ValueTask> waitForNext) : Stream
{
    // gRPC over HTTP/2 frames a message as: one byte "compressed", four bytes length, big-endian.
    private readonly byte[] _prefix = new byte[5];
    private int _prefixBytes;
    private long _messageBytes;
    private bool _hasBegun;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await body.ReadAsync(buffer, cancellationToken);
        for (var begun = MessagesBegunIn(buffer.Span[..read]); begun > 0; begun--)
        {
            if (_hasBegun) await waitForNext(cancellationToken);
            _hasBegun = true;
        }

        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    /// <returns>Messages whose length is complete with these bytes.</returns>
    internal int MessagesBegunIn(ReadOnlySpan<byte> bytes)
    {
        var begun = 0;
        while (!bytes.IsEmpty)
        {
            if (_messageBytes > 0)
            {
                var taken = (int)Math.Min(_messageBytes, bytes.Length);
                _messageBytes -= taken;
                bytes = bytes[taken..];
                continue;
            }

            _prefix[_prefixBytes++] = bytes[0];
            bytes = bytes[1..];
            if (_prefixBytes == _prefix.Length)
            {
                _prefixBytes = 0;
                _messageBytes = BinaryPrimitives.ReadUInt32BigEndian(_prefix.AsSpan(1));
                begun++;
            }
        }

        return begun;
    }
}
