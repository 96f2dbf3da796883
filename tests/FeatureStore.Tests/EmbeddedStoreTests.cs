using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Topfive.Classifier.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.FeatureStore.Tests;

public sealed class EmbeddedStoreTests : IDisposable
{
    private const string ChildDirectory = "TOPFIVE_TEST_STORE_DIRECTORY";
    private const string Fingerprint = "f";

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Everything_survives_a_clean_restart()
    {
        await using (var server = await EmbeddedStore.StartAsync(_directory.Path))
        await using (var connection = await StoreUnderTest.OpenAsync(server.ConnectionString))
        {
            await WriteAsync(connection);
        }

        await ReadAsync();
    }

    [Fact]
    public async Task Everything_survives_two_restarts_with_writes_between()
    {
        for (var start = 0; start < 3; start++)
        {
            await using var server = await EmbeddedStore.StartAsync(_directory.Path);
            await using var connection = await StoreUnderTest.OpenAsync(server.ConnectionString);
            var vectors = new VectorStore(connection);
            await vectors.SetAsync(Fingerprint, Some.Image(start), Some.Vector(start));
            Assert.Empty(await vectors.FindMissingAsync(Fingerprint, Enumerable.Range(0, start + 1).Select(Some.Image)));
        }
    }

    [Fact]
    public async Task Everything_survives_a_kill_one_second_after_the_reply()
    {
        using var child = Process.Start(new ProcessStartInfo(
            Path.Combine(AppContext.BaseDirectory, "Topfive.FeatureStore.Tests"),
            ["-explicit", "only", "-method", $"{typeof(EmbeddedStoreTests).FullName}.{nameof(Writes_and_waits_to_be_killed)}"])
        {
            Environment = { [ChildDirectory] = _directory.Path },
            RedirectStandardOutput = true,
        })!;
        var output = child.StandardOutput.ReadToEndAsync();
        try
        {
            while (!File.Exists(_directory.File("written")))
            {
                Assert.False(child.HasExited, child.HasExited ? await output : "");
                await Task.Delay(20);
            }

            await Task.Delay(TimeSpan.FromSeconds(1));
        }
        finally
        {
            child.Kill();
            await child.WaitForExitAsync();
        }

        await ReadAsync();
    }

    [Fact(Explicit = true)]
    public async Task Writes_and_waits_to_be_killed()
    {
        var directory = Environment.GetEnvironmentVariable(ChildDirectory);
        Assert.SkipWhen(directory is null, "the child process of a test of this class");

        await using var server = await EmbeddedStore.StartAsync(directory);
        await using var connection = await StoreUnderTest.OpenAsync(server.ConnectionString);
        await WriteAsync(connection);
        await File.WriteAllTextAsync(Path.Combine(directory, "written"), "");
        await Task.Delay(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Nothing_vanishes_when_there_is_more_than_fits_in_its_memory()
    {
        const int vectors = 16_000;
        await using var server = await EmbeddedStore.StartAsync(_directory.Path);
        // It is about what is kept, not how fast: a busy machine may take its time.
        await using var connection = await StoreUnderTest.OpenAsync($"{server.ConnectionString},asyncTimeout=60000");
        var store = new VectorStore(connection);
        for (var first = 0; first < vectors; first += 500)
        {
            await Task.WhenAll(Enumerable.Range(first, 500).Select(i => store.SetAsync(Fingerprint, Some.Image(i), new float[2048])));
        }

        Assert.Empty(await store.FindMissingAsync(Fingerprint, Enumerable.Range(0, vectors).Select(Some.Image)));
        using var oldest = await store.GetAsync(Fingerprint, Some.Image(0));
        Assert.Equal(2048, oldest!.Values.Length);
    }

    [Fact]
    public async Task A_second_store_on_the_same_directory_is_refused_and_says_why()
    {
        await using var first = await EmbeddedStore.StartAsync(_directory.Path);

        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => EmbeddedStore.StartAsync(_directory.Path));

        Assert.Contains(_directory.Path, exception.Message);
        Assert.Contains("in use by another process", exception.Message);
    }

    [Fact]
    public async Task A_taken_port_is_refused_by_its_number_and_lets_the_directory_go()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => EmbeddedStore.StartAsync(_directory.Path, port));

        Assert.Contains($"127.0.0.1:{port}", exception.Message);
        await using var free = await EmbeddedStore.StartAsync(_directory.Path);
        Assert.StartsWith("127.0.0.1:", free.ConnectionString);
    }

    private static async Task WriteAsync(StoreConnection connection)
    {
        var vectors = new VectorStore(connection);
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => vectors.SetAsync(Fingerprint, Some.Image(i), Some.Vector(i))));
        await vectors.DeleteAsync(Fingerprint, [Some.Image(7)]);
        await new DatasetStore(connection).AddAsync("animals", [Some.Example(1, "cat"), Some.Example(2, "dog")]);
        var heads = new HeadStore(connection);
        await heads.AddVersionAsync(new Head { Head_ = "animals" }, Some.Bytes(1, 3 << 20));
        await heads.AddVersionAsync(new Head { Head_ = "animals" }, Some.Bytes(2, 3 << 20));
        await heads.PromoteAsync("animals", 1, new Promotion());
        await heads.PromoteAsync("animals", 2, new Promotion());
        await new RunStore(connection).AppendEventAsync("run", new RunEvent { Epoch = new Epoch { Epoch_ = 1 } });
    }

    private async Task ReadAsync()
    {
        await using var server = await EmbeddedStore.StartAsync(_directory.Path);
        await using var connection = await StoreUnderTest.OpenAsync(server.ConnectionString);
        var vectors = new VectorStore(connection);
        Assert.Equal([Some.Image(7)], await vectors.FindMissingAsync(Fingerprint, Enumerable.Range(0, 200).Select(Some.Image)));
        using var last = await vectors.GetAsync(Fingerprint, Some.Image(199));
        Assert.Equal(Some.Bits(Some.Vector(199)), Some.Bits(last!.Values));
        Assert.Equal(["cat", "dog"], (await new DatasetStore(connection).ReadAsync("animals"))!.Labels);
        var heads = new HeadStore(connection);
        Assert.Equal(Some.Bytes(1, 3 << 20), await heads.GetModelAsync("animals", 1));
        Assert.Equal((1, 2), await heads.RollbackAsync("animals", new Promotion()));
        Assert.Single(await new RunStore(connection).ReadEventsAsync("run", 0));
    }
}
