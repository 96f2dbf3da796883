using System.Text;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Cli.Tests;

/// <summary>Arrays of other writers, and files that are none.</summary>
public sealed class NpyFileTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }", 24, 1)]
    [InlineData("{'shape': (3,2), \"descr\": \"<f4\", 'fortran_order':False}", 24, 2)]
    [InlineData("{'descr': '<U2', 'fortran_order': True, 'shape': (3,), }", 24, 3)]
    public void Every_format_and_order_of_entries_is_read(string header, int bytes, byte format)
    {
        using var file = NpyFile.Open(Write(header, bytes, format));

        Assert.Equal(3, file.Shape[0]);
        Assert.Contains(file.Type, new[] { "<f4", "<U2" });
    }

    [Theory]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }", 23, "its header says 24 bytes of data (3 × 2 of <f4), and it has 23")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2147483647, 2147483647, 2147483647), }", 24, "and it has 24")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 1), }", 24, "a side of 99999999999")]
    [InlineData("{'descr': '<f4', 'fortran_order': True, 'shape': (3, 2), }", 24, "numpy.ascontiguousarray")]
    [InlineData("{'descr': '|O', 'fortran_order': False, 'shape': (3,), }", 24, "a plain array of numbers or text is expected")]
    [InlineData("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }", 12, "a plain array")]
    [InlineData("nonsense", 0, "a plain array")]
    public void What_cannot_be_read_is_named_with_its_fault(string header, int bytes, string fault)
    {
        var path = Write(header, bytes, format: 1);

        var failure = Assert.Throws<CommandFailure>(() => NpyFile.Open(path));

        Assert.StartsWith(path, failure.Message);
        Assert.Contains(fault, failure.Message);
    }

    [Theory]
    [InlineData(new byte[] { 1, 2, 3 })]
    [InlineData(new byte[] { 0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 9, 0, 1, 0, 0, 0 })]
    [InlineData(new byte[] { 0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 2, 0, 0xFF, 0xFF, 0xFF, 0xFF })]
    public void A_file_that_is_no_array_is_named(byte[] bytes)
    {
        File.WriteAllBytes(_folder.File("a.npy"), bytes);

        Assert.StartsWith(_folder.File("a.npy"), Assert.Throws<CommandFailure>(() => NpyFile.Open(_folder.File("a.npy"))).Message);
    }

    [Theory]
    [InlineData("<f4", 4)]
    [InlineData("<i8", 8)]
    [InlineData(">U1", 4)]
    public async Task Numbers_are_no_text(string type, int bytes)
    {
        using var file = NpyFile.Open(Write($"{{'descr': '{type}', 'fortran_order': False, 'shape': (1,), }}", bytes, format: 1));

        var failure = await Assert.ThrowsAsync<CommandFailure>(() => file.ReadTextsAsync(CancellationToken.None));

        Assert.Contains($"1 of {type}; it must be one row of text", failure.Message);
    }

    [Fact]
    public async Task Two_billion_texts_without_room_are_refused_and_not_made()
    {
        using var file = NpyFile.Open(Write("{'descr': '<U0', 'fortran_order': False, 'shape': (2147483647,), }", 0, format: 1));

        var failure = await Assert.ThrowsAsync<CommandFailure>(() => file.ReadTextsAsync(TestContext.Current.CancellationToken));

        Assert.Contains("its 2,147,483,647 elements of <U0 have no room for any text", failure.Message);
    }

    private string Write(string header, int bytes, byte format)
    {
        byte[] length = format == 1 ? [(byte)header.Length, 0] : [(byte)header.Length, 0, 0, 0];
        var path = _folder.File($"{Guid.NewGuid():N}.npy");
        File.WriteAllBytes(path, [0x93, .. "NUMPY"u8, format, 0, .. length, .. Encoding.ASCII.GetBytes(header), .. new byte[bytes]]);
        return path;
    }
}
