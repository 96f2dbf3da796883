using System.Buffers;
using System.Diagnostics.Tracing;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Xunit;

namespace Topfive.FeatureService.Tests;

/// <summary>Stored vectors are read into memory of the process' shared pool, which says what is taken from it and given back.</summary>
public sealed class PooledVectorTests(RunningService service)
{
    private const int Copies = 100;
    private const int Calls = 20;

    private readonly byte[] _image = Guid.NewGuid().ToByteArray();

    [Fact]
    public async Task A_copy_that_is_not_stored_leaves_none_of_the_others_out_of_the_pool()
    {
        await StoreAllButOneAsync();

        var kept = await KeptAfterAsync(StatusCode.NotFound, new ExtractRequest { ImageHash = Some.Hash(_image), AugmentedCopies = Copies });

        Assert.InRange(kept, -Calls * Copies / 4, Calls * Copies / 4);
    }

    [Fact]
    public async Task A_copy_that_cannot_be_computed_leaves_none_of_the_others_out_of_the_pool()
    {
        await StoreAllButOneAsync();

        var kept = await KeptAfterAsync(StatusCode.InvalidArgument, new ExtractRequest { Image = ByteString.CopyFrom(_image), AugmentedCopies = Copies });

        Assert.InRange(kept, -Calls * Copies / 4, Calls * Copies / 4);
    }

    private async Task StoreAllButOneAsync()
    {
        var store = service.Instance.App.Services.GetRequiredService<VectorStore>();
        var fingerprint = (await service.Client.GetBackboneAsync(new GetBackboneRequest())).Fingerprint;
        foreach (var copy in Enumerable.Range(0, Copies))
        {
            await store.SetAsync(fingerprint, AugmentedCopy.Hash(ImageHash.Of(_image), AugmentedCopy.DefaultAugmentation, copy), new float[2048]);
        }
    }

    private async Task<int> KeptAfterAsync(StatusCode refusal, ExtractRequest request)
    {
        // What other tests have in hand at the moment is counted with it, and is little beside twenty calls.
        using var pool = new PoolListener(2048 * sizeof(float));
        for (var call = 0; call < Calls; call++)
        {
            Assert.Equal(refusal, (await ServiceInstance.FailureOf(service.Client.ExtractAsync(request))).StatusCode);
        }

        Assert.True(pool.Rented >= Calls * Copies, $"the vectors are not in this pool: {pool.Rented} were taken from it");
        return pool.Rented - pool.Returned;
    }

    private sealed class PoolListener(int bytes) : EventListener
    {
        private const int BufferRented = 1;
        private const int BufferReturned = 3;

        private readonly int _pool = ArrayPool<byte>.Shared.GetHashCode();
        private int _rented;
        private int _returned;

        public int Rented => Volatile.Read(ref _rented);

        public int Returned => Volatile.Read(ref _returned);

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "System.Buffers.ArrayPoolEventSource") EnableEvents(eventSource, EventLevel.Verbose);
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (eventData.EventId is not (BufferRented or BufferReturned)) return;
            if ((int)eventData.Payload![1]! != bytes || (int)eventData.Payload[2]! != _pool) return;
            Interlocked.Increment(ref eventData.EventId == BufferRented ? ref _rented : ref _returned);
        }
    }
}
