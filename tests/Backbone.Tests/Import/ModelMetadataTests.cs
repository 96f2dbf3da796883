using Google.Protobuf;
using Topfive.Backbones.Onnx;
using Xunit;

namespace Topfive.Backbones.Tests;

/// <summary>What a model file says about itself is read without its weights, and without trusting it.</summary>
public sealed class ModelMetadataTests
{
    private static readonly byte[] Model = new ModelProto
    {
        IrVersion = 10,
        ProducerName = "somebody",
        Graph = new GraphProto { Name = new string('w', 1 << 20) },
        MetadataProps = { new StringStringEntryProto { Key = "name", Value = "inception_v3" }, new StringStringEntryProto { Key = "empty", Value = "" } },
    }.ToByteArray();

    [Fact]
    public void It_is_read_and_the_weights_are_passed_over()
    {
        using var stream = new CountingStream(Model);
        Assert.Equal(new() { ["name"] = "inception_v3", ["empty"] = "" }, ModelMetadata.Read(stream));
        Assert.InRange(stream.BytesRead, 1, 200);
    }

    [Fact]
    public void A_file_that_ends_early_is_refused_or_lacks_entries()
    {
        foreach (var length in Enumerable.Range(1, 40).Concat(Enumerable.Range(Model.Length - 60, 60)))
        {
            using var stream = new MemoryStream(Model, 0, length);
            try
            {
                Assert.True(ModelMetadata.Read(stream).Count < 2, $"{length}");
            }
            catch (Exception exception) when (exception is InvalidDataException or InvalidProtocolBufferException)
            {
                // Refused.
            }
        }
    }

    [Theory]
    [InlineData(new byte[] { 0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x3F }, "a field of 2,199,023,255,551 bytes where 0 are left")]
    [InlineData(new byte[] { 0x72, 0x05, 0x0A }, "a field of 5 bytes where 1 are left")]
    [InlineData(new byte[] { 0x3B }, "wire type 3")]
    [InlineData(new byte[] { 0x3A }, "an end in the middle of a field")]
    [InlineData(new byte[] { 0x3A, 0x80 }, "an end in the middle of a number")]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF }, "more than 64 bits")]
    public void Hostile_bytes_are_refused_by_what_is_wrong_with_them(byte[] bytes, string reason) =>
        Assert.Contains(reason, Assert.Throws<InvalidDataException>(() => ModelMetadata.Read(new MemoryStream(bytes))).Message);

    [Fact]
    public void An_entry_of_more_than_16_MB_is_refused_before_memory_is_taken_for_it()
    {
        var bytes = new ModelProto { MetadataProps = { new StringStringEntryProto { Key = "name", Value = new string('x', 17 << 20) } } }.ToByteArray();
        using var stream = new CountingStream(bytes);
        Assert.Contains("at most 16,777,216", Assert.Throws<InvalidDataException>(() => ModelMetadata.Read(stream)).Message);
        Assert.InRange(stream.BytesRead, 1, 10);
    }

    private sealed class CountingStream(byte[] bytes) : MemoryStream(bytes)
    {
        public long BytesRead { get; private set; }

        public override int ReadByte()
        {
            BytesRead++;
            return base.ReadByte();
        }

        public override int Read(Span<byte> buffer)
        {
            var read = base.Read(buffer);
            BytesRead += read;
            return read;
        }
    }
}
