using System.Runtime.InteropServices;
using Google.Protobuf;
using Topfive.Classifier.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Cli.Tests;

public sealed class NpyArrayTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1_000_000_000_000)]
    public async Task The_data_begin_at_a_multiple_of_64_behind_a_header_that_says_its_length(long rows)
    {
        await using (var array = new NpyArray(_folder.File("a.npy"), "<f4", rows, 2048))
        {
            await array.WriteAsync(new byte[] { 1, 2, 3, 4 }, CancellationToken.None);
            await array.FinishAsync();
        }

        var file = File.ReadAllBytes(_folder.File("a.npy"));
        Assert.Equal([0x93, .. "NUMPY"u8, 1, 0], file[..8]);
        var data = 10 + file[8] + (file[9] << 8);
        Assert.Equal(0, data % 64);
        Assert.Equal([(byte)'\n', 1, 2, 3, 4], file[(data - 1)..]);
    }

    [Fact]
    public async Task An_array_that_was_not_finished_leaves_no_file()
    {
        await using (var array = new NpyArray(_folder.File("a.npy"), "<f4", 1, 1))
        {
            await array.WriteAsync(new byte[4], CancellationToken.None);
        }

        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public async Task Numpy_reads_what_was_written()
    {
        Assert.SkipUnless(Numpy.IsThere, Numpy.WhySkipped);
        string[] labels = ["cat", "Éclair 🍰", "a, \"b\""];
        var rows = labels.Select((label, i) => new ExportedRow(
            new Example { ImageHash = ByteString.CopyFrom(new byte[31].Append((byte)i).ToArray()), Label = label, Group = ByteString.CopyFromUtf8(label[..2]), Split = i == 1 ? Split.Validation : Split.Training },
            new[] { i + 0.1f, -1e30f, float.Epsilon }));
        await using (var folder = new NpyFolder(_folder.File("out"), new VectorFileHeader(labels.Length, 3, labels, "f00d")))
        {
            await folder.WriteAsync([.. rows], CancellationToken.None);
            await folder.CompleteAsync(CancellationToken.None);
        }

        var read = await Numpy.RunAsync(_folder.File("out"), """
            import numpy
            vectors, labels, splits, hashes = (numpy.load(name + ".npy") for name in ("vectors", "labels", "splits", "hashes"))
            print(vectors.dtype, vectors.shape, vectors.tobytes().hex())
            print("|".join(labels))
            print("|".join(splits))
            print("|".join(hashes))
            groups = numpy.load("groups.npy")
            print(groups.dtype, "|".join(group.decode() for group in groups))
            print(open("backbone.txt").read())
            """);

        Assert.Equal(
            $"""
            float32 (3, 3) {Convert.ToHexStringLower(MemoryMarshal.AsBytes(rows.SelectMany(row => row.Vector.ToArray()).ToArray().AsSpan()))}
            {string.Join('|', labels)}
            training|validation|training
            {string.Join('|', Enumerable.Range(0, 3).Select(i => $"{i:x64}"))}
            |S64 ca|Éc|a,
            f00d


            """,
            read);
    }
}
