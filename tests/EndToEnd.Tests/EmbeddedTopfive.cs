using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary>One running product for the tests that leave it unharmed.</summary>
public sealed class EmbeddedTopfive : IAsyncLifetime
{
    private readonly TempDirectory _directory = new();

    internal Running Topfive { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Topfive = await Running.StartAsync(_directory.Path);

    public async ValueTask DisposeAsync()
    {
        await Topfive.DisposeAsync();
        _directory.Dispose();
    }
}
