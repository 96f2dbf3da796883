using Google.Protobuf;
using Grpc.Core;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Xunit;

namespace Topfive.FeatureService.Tests;

/// <summary>Vectors that were computed elsewhere.</summary>
public sealed class PutVectorsTests(RunningService service)
{
    private const int Dimensions = 2048;

    [Fact]
    public async Task A_vector_that_was_put_is_given_bit_for_bit_and_stays_unless_it_is_to_be_overwritten()
    {
        var fingerprint = await FingerprintAsync();
        var (first, second) = (Vector(1), Vector(2, first: float.Epsilon));

        Assert.Equal(new PutVectorsResponse { Stored = 2 }, await PutAsync(new PutVectorsRequest { BackboneFingerprint = fingerprint, Vectors = { first, second } }));
        Assert.Equal(
            new PutVectorsResponse { Stored = 1, Kept = 2 },
            await PutAsync(
                new() { BackboneFingerprint = fingerprint, Vectors = { With(first, 7), second } },
                new() { Vectors = { Vector(3) } }));
        Assert.Equal([first, second], await GetAsync(first.ImageHash, second.ImageHash));
        Assert.Equal(first.Vector, (await service.Client.ExtractAsync(new ExtractRequest { ImageHash = first.ImageHash })).Vector);

        Assert.Equal(new PutVectorsResponse { Stored = 1 }, await PutAsync(new PutVectorsRequest { BackboneFingerprint = fingerprint, Vectors = { With(first, 7) }, Overwrite = true }));
        Assert.Equal([With(first, 7)], await GetAsync(first.ImageHash));
    }

    [Fact]
    public async Task Another_backbones_vectors_are_refused_and_both_fingerprints_named()
    {
        var (own, other) = (await FingerprintAsync(), new string('a', 64));
        var vector = Vector(10);

        var failure = await FailureOfAsync(new PutVectorsRequest { BackboneFingerprint = other, Vectors = { vector } });
        Assert.Equal(StatusCode.FailedPrecondition, failure.StatusCode);
        Assert.Contains(own, failure.Detail);
        Assert.Contains(other, failure.Detail);

        Assert.Equal(StatusCode.InvalidArgument, (await FailureOfAsync(new PutVectorsRequest { Vectors = { vector } })).StatusCode);
        Assert.Equal(
            StatusCode.FailedPrecondition,
            (await FailureOfAsync(new() { BackboneFingerprint = own }, new() { BackboneFingerprint = other, Vectors = { vector } })).StatusCode);
        Assert.Empty(await GetAsync(vector.ImageHash));
    }

    [Theory]
    [InlineData("short", "has 2,047 numbers; this backbone's have 2,048")]
    [InlineData("nan", "has NaN at [5]; every number must be finite")]
    [InlineData("infinite", "at [5]; every number must be finite")]
    [InlineData("hash", "vectors[1].image_hash has 31 bytes; a SHA-256 has 32")]
    [InlineData("many", "1,001 vectors; at most 1,000")]
    public async Task A_vector_that_can_be_none_is_named_and_nothing_of_its_message_is_stored(string fault, string expected)
    {
        var fingerprint = await FingerprintAsync();
        var (before, beside, bad) = (Vector(20, salt: fault), Vector(21, salt: fault), Vector(22, salt: fault));
        var request = new PutVectorsRequest { Vectors = { beside, bad } };
        switch (fault)
        {
            case "short": bad.Vector.RemoveAt(0); break;
            case "nan": bad.Vector[5] = float.NaN; break;
            case "infinite": bad.Vector[5] = float.NegativeInfinity; break;
            case "hash": bad.ImageHash = ByteString.CopyFrom(new byte[31]); break;
            case "many": request.Vectors.Add(Enumerable.Repeat(new StoredVector { ImageHash = beside.ImageHash }, 999)); break;
        }

        var failure = await FailureOfAsync(new() { BackboneFingerprint = fingerprint, Vectors = { before } }, request);

        Assert.Equal(StatusCode.InvalidArgument, failure.StatusCode);
        Assert.Contains(expected, failure.Detail);
        if (fault is "short" or "nan" or "infinite")
        {
            Assert.Contains($"the vector of image {Convert.ToHexStringLower(bad.ImageHash.Span)} (vectors[1])", failure.Detail);
        }

        Assert.Equal([before], await GetAsync(before.ImageHash, beside.ImageHash));
    }

    private async Task<string> FingerprintAsync() => (await service.Client.GetBackboneAsync(new GetBackboneRequest())).Fingerprint;

    private async Task<PutVectorsResponse> PutAsync(params PutVectorsRequest[] requests)
    {
        using var call = service.Client.PutVectors();
        foreach (var request in requests)
        {
            try
            {
                await call.RequestStream.WriteAsync(request);
            }
            catch (Exception failure) when (failure is RpcException or InvalidOperationException)
            {
                // Refused already: the response says why.
            }
        }

        try
        {
            await call.RequestStream.CompleteAsync();
        }
        catch (RpcException)
        {
        }

        return await call;
    }

    private async Task<Status> FailureOfAsync(params PutVectorsRequest[] requests) =>
        (await Assert.ThrowsAsync<RpcException>(() => PutAsync(requests))).Status;

    private async Task<List<StoredVector>> GetAsync(params ByteString[] hashes)
    {
        using var call = service.Client.GetVectors(new GetVectorsRequest { ImageHashes = { hashes } });
        return await call.ResponseStream.ReadAllAsync().Select(vector => vector.Clone()).ToListAsync();
    }

    private static StoredVector Vector(int image, float first = 0.5f, string salt = "") => new()
    {
        ImageHash = ByteString.CopyFrom(ImageHash.Of([.. "put"u8, (byte)image, .. ByteString.CopyFromUtf8(salt).Span]).ToByteArray()),
        Vector = { Enumerable.Range(0, Dimensions).Select(i => i == 0 ? first : image + (i * 0.001f)) },
    };

    private static StoredVector With(StoredVector vector, float first)
    {
        var changed = vector.Clone();
        changed.Vector[0] = first;
        return changed;
    }
}
