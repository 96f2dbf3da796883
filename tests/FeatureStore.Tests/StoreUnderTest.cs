using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Topfive.TestKit;
using Xunit;

namespace Topfive.FeatureStore.Tests;

/// <summary>One server for all tests of one kind of store; the tests keep apart by names of their own.</summary>
public abstract class StoreUnderTest : IAsyncLifetime
{
    private StoreConnection? _connection;

    /// <summary>Skips the test when this kind of store is not on this machine.</summary>
    public StoreConnection Connection
    {
        get
        {
            Assert.SkipWhen(_connection is null, RedisServer.WhySkipped);
            return _connection;
        }
    }

    public async ValueTask InitializeAsync()
    {
        if (await StartServerAsync() is { } connectionString)
        {
            _connection = await OpenAsync(connectionString);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }

        await StopServerAsync();
        GC.SuppressFinalize(this);
    }

    public static async Task<StoreConnection> OpenAsync(string connectionString, string vectorFormat = "fp32", int patienceMilliseconds = 2_000)
    {
        var connection = new StoreConnection(
            Options.Create(new StoreOptions { ConnectionString = connectionString, VectorFormat = vectorFormat, PatienceMilliseconds = patienceMilliseconds }), NullLoggerFactory.Instance);
        await connection.OpenAsync();
        return connection;
    }

    protected abstract Task<string?> StartServerAsync();

    protected abstract Task StopServerAsync();
}

public sealed class EmbeddedUnderTest : StoreUnderTest
{
    private readonly TempDirectory _directory = new();
    private EmbeddedStore? _server;

    protected override async Task<string?> StartServerAsync()
    {
        _server = await EmbeddedStore.StartAsync(_directory.Path);
        return _server.ConnectionString;
    }

    protected override async Task StopServerAsync()
    {
        await _server!.DisposeAsync();
        _directory.Dispose();
    }
}

public sealed class RedisUnderTest : StoreUnderTest
{
    private RedisServer? _server;

    protected override async Task<string?> StartServerAsync()
    {
        _server = await RedisServer.TryStartAsync();
        return _server?.ConnectionString;
    }

    protected override async Task StopServerAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}

public sealed class ClusterUnderTest : StoreUnderTest
{
    private RedisCluster? _servers;

    protected override async Task<string?> StartServerAsync()
    {
        _servers = await RedisCluster.TryStartAsync();
        return _servers?.ConnectionString;
    }

    protected override async Task StopServerAsync()
    {
        if (_servers is not null)
        {
            await _servers.DisposeAsync();
        }
    }
}

/// <summary>One cluster for the tests of every kind: three servers are enough.</summary>
[CollectionDefinition]
public sealed class SharedCluster : ICollectionFixture<ClusterUnderTest>;
