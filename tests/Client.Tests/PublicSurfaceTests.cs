using PublicApiGenerator;
using Xunit;

namespace Topfive.Client.Tests;

/// <summary>Programs of others are compiled against this: what it promises changes knowingly, or not at all.</summary>
public sealed class PublicSurfaceTests
{
    [Fact]
    public void The_public_surface_is_the_one_that_was_approved()
    {
        var surface = typeof(TopfiveClient).Assembly.GeneratePublicApi(new ApiGeneratorOptions { IncludeAssemblyAttributes = false, DenyNamespacePrefixes = [] }).ReplaceLineEndings("\n").Trim();
        var approved = Path.Combine(Folder(), "PublicSurface.txt");
        var received = Path.ChangeExtension(approved, ".received.txt");

        if (File.Exists(approved) && File.ReadAllText(approved).ReplaceLineEndings("\n").Trim() == surface)
        {
            File.Delete(received);
            return;
        }

        File.WriteAllText(received, surface + "\n");
        Assert.Fail($"Topfive.Client's public surface is not the approved one. What changed:  diff {approved} {received}    To accept it:  mv {received} {approved}");
    }

    private static string Folder()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "Microservices.sln"))) root = root.Parent!;
        return Path.Combine(root.FullName, "tests", "Client.Tests");
    }
}
