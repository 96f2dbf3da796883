using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Pipelines;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Topfive.ServiceDefaults;

/// <summary>
/// The bytes of a call's messages, looked at as they come and before gRPC reads them: what is no gRPC, is too long or takes too long is refused by
/// what is wrong with it. gRPC itself answers some of it with UNKNOWN or INTERNAL and a stack trace in the log, as if the service had failed.
/// </summary>
internal sealed class RequestFrames(PipeReader body, LimitOptions limits, MessageMemory memory, bool oneMessage, bool hasEncoding) : PipeReader, IRequestBodyPipeFeature, IDisposable
{
    // gRPC over HTTP/2 frames a message as: one byte "compressed", four bytes length, big-endian.
    internal const int PrefixBytes = 5;

    private readonly Lock _holding = new();
    private ReadOnlySequence<byte> _buffer;
    private long _unread;
    private long _consumed;
    private long _messageEnd;
    private long _messages;
    private long _held;
    private bool _hasEnded;
    private TimeSpan _waited;

    PipeReader IRequestBodyPipeFeature.Reader => this;

    /// <summary>Between two messages a stream may pause as long as it likes; what has one message ends with it.</summary>
    private bool MayPause => !oneMessage && _consumed + _unread == _messageEnd;

    public static string TooLong(long length, LimitOptions limits) =>
        $"the message has {length:N0} bytes; at most {limits.MaxMessageBytes:N0} are accepted (an image: {limits.MaxImageBytes:N0}, Limits__MaxImageBytes)";

    public static Failure Late(LimitOptions limits) => Failure.Cancelled(
        $"the message was not there within {limits.MessageSeconds:N0} s, which is the limit (Limits__MessageSeconds): send it faster, or in smaller ones");

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        ValueTask<ReadResult> read;
        try
        {
            read = body.ReadAsync(cancellationToken);
        }
        catch (IOException gone)
        {
            throw HungUp(gone);
        }

        return read.IsCompletedSuccessfully ? new(Check(read.Result)) : WaitAsync(read);
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!body.TryRead(out result)) return false;
        result = Check(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var bytes = _buffer.Slice(0, consumed).Length;
        _consumed += bytes;
        _unread -= bytes;
        body.AdvanceTo(consumed, examined);
        // The one message of a call is there for as long as the call is; of a stream, whoever works on its items says how many.
        if (!oneMessage) Hold(_unread);
    }

    public override void CancelPendingRead() => body.CancelPendingRead();

    public override void Complete(Exception? exception = null) => body.Complete(exception);

    /// <summary>The call has ended; of a stream somebody may be reading still.</summary>
    public void Dispose()
    {
        lock (_holding)
        {
            Hold(0);
            _hasEnded = true;
        }
    }

    private async ValueTask<ReadResult> WaitAsync(ValueTask<ReadResult> read)
    {
        try
        {
            return Check(MayPause ? await read : await InTimeAsync(read));
        }
        catch (IOException gone)
        {
            throw HungUp(gone);
        }
    }

    private async ValueTask<ReadResult> InTimeAsync(ValueTask<ReadResult> read)
    {
        var began = Stopwatch.GetTimestamp();
        await using var timer = new Timer(_ => body.CancelPendingRead(), null, Max(limits.MessageTime - _waited, TimeSpan.Zero), Timeout.InfiniteTimeSpan);
        var result = await read;
        _waited += Stopwatch.GetElapsedTime(began);
        return result;
    }

    /// <summary>Nobody hears it; but the log would have a failure of the service with a stack trace, which any caller can cause.</summary>
    private static RpcException HungUp(IOException gone) => Failure.Cancelled("the caller is gone: its connection or its call was reset in the middle of a message", gone).ToRpcException();

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private ReadResult Check(ReadResult read)
    {
        // Nobody but the clock cancels a read.
        if (read.IsCanceled) throw Refuse(read, Late(limits));
        _buffer = read.Buffer;
        _unread = _buffer.Length;
        var end = _consumed + _unread;
        while (end - _messageEnd >= PrefixBytes) Begin(read);
        if (!Hold(oneMessage ? Math.Max(_held, end) : _unread)) throw Refuse(read, memory.Full());
        if (read.IsCompleted && end != _messageEnd)
        {
            throw Refuse(read, Failure.InvalidInput($"the call ended in the middle of a message: {Math.Abs(_messageEnd - end):N0} bytes are {(end < _messageEnd ? "missing" : "no message")}"));
        }

        if (read.IsCompleted && oneMessage && _messages == 0) throw Refuse(read, Failure.InvalidInput("the call ended before its message"));
        return read;
    }

    private void Begin(ReadResult read)
    {
        Span<byte> prefix = stackalloc byte[PrefixBytes];
        _buffer.Slice(_messageEnd - _consumed, PrefixBytes).CopyTo(prefix);
        var length = BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
        if (prefix[0] > 1) throw Refuse(read, Failure.InvalidInput($"a message begins with {prefix[0]}, where gRPC has 0, or 1 for a compressed one"));
        if (prefix[0] == 1 && !hasEncoding) throw Refuse(read, Failure.InvalidInput("a message is compressed, and grpc-encoding does not say how"));
        if (length > limits.MaxMessageBytes) throw Refuse(read, Failure.InvalidInput(TooLong(length, limits)));
        if (oneMessage && _messages == 1) throw Refuse(read, Failure.InvalidInput("the call has more than one message; its method takes one"));
        if (limits.MaxStreamMessages > 0 && _messages == limits.MaxStreamMessages)
        {
            throw Refuse(read, Failure.InvalidInput($"the stream has more than {limits.MaxStreamMessages:N0} messages, the most that are accepted (Limits__MaxStreamMessages): begin another one"));
        }

        // What it unfolds to is not known before it has.
        if (prefix[0] == 1 && oneMessage && !Hold(limits.MaxMessageBytes)) throw Refuse(read, memory.Full());
        _messages++;
        _messageEnd += PrefixBytes + length;
        _waited = TimeSpan.Zero;
    }

    private bool Hold(long bytes)
    {
        lock (_holding)
        {
            if (_hasEnded) return true;
            if (!memory.TryTake(bytes - _held)) return false;
            _held = bytes;
            return true;
        }
    }

    /// <summary>As the status that it is, because gRPC reads the one message of a call before <see cref="FailureInterceptor"/> has it.</summary>
    private RpcException Refuse(ReadResult read, Failure failure)
    {
        // A read has to be ended before the next one, also of what is thrown away.
        body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        return failure.ToRpcException();
    }
}
