namespace Topfive.Cli;

/// <summary>The checkout that this program was built from, or is run in.</summary>
internal static class Repository
{
    /// <summary>Its root, or null when the program was installed elsewhere.</summary>
    public static string? Root { get; } = RootAbove(AppContext.BaseDirectory) ?? RootAbove(Environment.CurrentDirectory);

    private static string? RootAbove(string directory)
    {
        for (var at = new DirectoryInfo(directory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Microservices.sln")))
            {
                return at.FullName;
            }
        }

        return null;
    }
}
