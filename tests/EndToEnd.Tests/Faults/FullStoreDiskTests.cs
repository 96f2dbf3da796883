using Google.Protobuf;
using Grpc.Core;
using Topfive.Features.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary><c>topfive up</c> with its embedded store on a disk that gets full, and gets room again.</summary>
public sealed class FullStoreDiskTests
{
    private readonly List<ByteString> _stored = [];
    private string _fingerprint = "";
    private int _vectors;

    [Fact]
    public async Task A_full_disk_under_the_embedded_store_refuses_writes_loses_nothing_and_ends_nobody()
    {
        using var disk = await SmallDisk.TryMountAsync(64);
        Assert.SkipWhen(disk is null, SmallDisk.WhySkipped);
        using var models = new TempDirectory();
        var model = SmallBackbone.Write(models.File("small.onnx"));
        // The least that is allowed.
        var settings = new Dictionary<string, string?> { ["Store__DiskReserve"] = $"{24 << 20}" };

        await using (var up = await UpProcess.StartAsync(disk.Path, settings, model))
        {
            _fingerprint = (await up.Features.GetBackboneAsync(new GetBackboneRequest())).Fingerprint;
            var refusal = await Assert.ThrowsAsync<RpcException>(async () =>
            {
                while (_vectors < 20_000) await PutAsync(up);
            });

            TestContext.Current.TestOutputHelper?.WriteLine($"{_stored.Count} stored; {refusal.Status}");
            Assert.Equal(StatusCode.ResourceExhausted, refusal.StatusCode);
            Assert.Contains("Store__DiskReserve", refusal.Status.Detail);
            Assert.Empty(await MissingAsync(up));
            Assert.Equal((0, ""), await up.StopAsync());
        }

        await disk.GrowAsync(256);
        await using var again = await UpProcess.StartAsync(disk.Path, settings, model);
        Assert.Empty(await MissingAsync(again));
        _stored.Clear();
        await PutAsync(again);
        Assert.Empty(await MissingAsync(again));
    }

    private async Task PutAsync(UpProcess up)
    {
        var request = new PutVectorsRequest { BackboneFingerprint = _fingerprint };
        for (var i = 0; i < 100; i++)
        {
            var hash = new byte[32];
            BitConverter.TryWriteBytes(hash, ++_vectors);
            var vector = new StoredVector { ImageHash = ByteString.CopyFrom(hash) };
            vector.Vector.AddRange(Enumerable.Repeat((float)_vectors, 2048));
            request.Vectors.Add(vector);
        }

        using var call = up.Features.PutVectors();
        await call.RequestStream.WriteAsync(request);
        await call.RequestStream.CompleteAsync();
        Assert.Equal(100, (await call).Stored);
        _stored.AddRange(request.Vectors.Select(vector => vector.ImageHash));
    }

    /// <returns>The numbers of those that were stored and are not there; the first is 1.</returns>
    private async Task<IReadOnlyList<int>> MissingAsync(UpProcess up)
    {
        var found = new HashSet<int>();
        using var call = up.Features.GetVectors(new GetVectorsRequest { ImageHashes = { _stored } });
        await foreach (var vector in call.ResponseStream.ReadAllAsync())
        {
            found.Add(BitConverter.ToInt32(vector.ImageHash.Span));
            Assert.Equal(BitConverter.ToInt32(vector.ImageHash.Span), vector.Vector[2047]);
        }

        return [.. _stored.Select(hash => BitConverter.ToInt32(hash.Span)).Where(number => !found.Contains(number))];
    }
}
