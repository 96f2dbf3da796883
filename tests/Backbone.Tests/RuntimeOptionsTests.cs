using Xunit;

namespace Topfive.Backbones.Tests;

public sealed class RuntimeOptionsTests
{
    private const string Processor = "/proc/cpuinfo";

    /// <summary>Without it an int8 backbone would run on kernels a third as fast, and nothing would say so.</summary>
    [Fact]
    public void Instructions_for_bytes_are_found_where_the_system_has_them()
    {
        Assert.SkipUnless(File.Exists(Processor), $"the system has no {Processor} to compare with");
        string[] flags = [.. File.ReadLines(Processor).Where(line => line.StartsWith("flags", StringComparison.Ordinal)).Take(1).SelectMany(line => line.Split(' '))];

        Assert.Equal(flags.Contains("avx512_vnni") || flags.Contains("avx_vnni"), RuntimeOptions.HasVnni());
    }
}
