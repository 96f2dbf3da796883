using System.Diagnostics;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Xunit;

namespace Topfive.ClassifierService.Tests;

/// <summary>Heads that answer along, and one vector by several heads.</summary>
public sealed class ShadowTests(EmbeddedService embedded)
{
    private readonly ServiceUnderTest _service = embedded.Service;
    private readonly string _head = Some.Name("head");

    [Fact]
    public async Task A_shadow_scores_every_call_of_the_live_version_and_its_agreement_is_counted()
    {
        var other = Some.Name("head");
        await _service.ImportAsync(_head, Some.Model(favourite: 2));
        await _service.ImportAsync(_head, Some.Model(favourite: 2));
        await _service.ImportAsync(other, Some.Model(favourite: 3));
        var image = Some.Image();
        await _service.Get<VectorStore>().SetAsync(Some.Backbone.Fingerprint, image, SyntheticVectors.Vector(1, 0));
        HeadVersion[] shadows = [new() { Head = _head, Version = 2 }, new() { Head = other }];

        var set = await _service.Heads.SetShadowsAsync(new SetShadowsRequest { Head = _head, Shadows = { new HeadVersion { Version = 2 }, shadows[1] } });
        for (var call = 0; call < 10; call++) await _service.Classification.ClassifyAsync(Some.Request(_head));
        for (var call = 0; call < 5; call++) await _service.Classification.ClassifyAsync(new ClassifyRequest { Head = _head, ImageHash = Some.Bytes(image) });
        await _service.Classification.ClassifyAsync(PinnedRequest(_head, 1));
        await StreamAsync(calls: 7);

        Assert.Equal(shadows, set.Shadows);
        var agreement = await AgreementAsync(calls: 22);
        Assert.Equal(shadows, agreement.Select(shadow => shadow.Shadow));
        Assert.All(agreement, shadow => Assert.True(shadow.Active));
        Assert.All(agreement.SelectMany(shadow => shadow.Hours), hour => Assert.Equal((1, 0, 0), (hour.LiveVersion, hour.Dropped, hour.Failed)));
        Assert.Equal((22, 0d), (agreement[0].Hours.Sum(hour => hour.Agreements), agreement[0].Hours.Max(hour => hour.MeanDifference)));
        // exp(3) of exp(3) + 6 against 1 of it.
        Assert.Equal(0, agreement[1].Hours.Sum(hour => hour.Agreements));
        Assert.All(agreement[1].Hours, hour => Assert.Equal((Math.Exp(3) - 1) / (Math.Exp(3) + 6), hour.MeanDifference, 1e-5));
        Assert.InRange(agreement[0].Hours[0].Hour.ToDateTimeOffset(), DateTimeOffset.UtcNow.AddHours(-1.1), DateTimeOffset.UtcNow);
    }

    [Fact]
    public async Task Shadows_that_are_set_no_more_score_nothing_and_are_still_told()
    {
        for (var version = 0; version < 2; version++) await _service.ImportAsync(_head, Some.Model());
        await _service.Heads.SetShadowsAsync(new SetShadowsRequest { Head = _head, Shadows = { new HeadVersion { Version = 2 } } });
        await _service.Classification.ClassifyAsync(Some.Request(_head));
        await AgreementAsync(calls: 1);

        await _service.Heads.SetShadowsAsync(new SetShadowsRequest { Head = _head });
        await _service.Classification.ClassifyAsync(Some.Request(_head));
        await Task.Delay(100);

        var told = Assert.Single(await AgreementAsync(calls: 1));
        Assert.Equal((false, 1), (told.Active, told.Hours.Sum(hour => hour.Calls)));
    }

    [Fact]
    public async Task What_a_shadow_cannot_score_is_counted_as_failed()
    {
        for (var version = 0; version < 2; version++) await _service.ImportAsync(_head, Some.Model());
        await _service.Heads.SetShadowsAsync(new SetShadowsRequest { Head = _head, Shadows = { new HeadVersion { Version = 2 } } });
        await _service.Heads.DeleteVersionAsync(new DeleteVersionRequest { Head = _head, Version = 2 });

        await _service.Classification.ClassifyAsync(Some.Request(_head));

        Assert.Equal(1, Assert.Single(await AgreementAsync(failed: 1)).Hours.Sum(hour => hour.Failed));
    }

    [Fact]
    public async Task Shadows_that_cannot_be_are_refused_by_name()
    {
        await _service.ImportAsync(_head, Some.Model());
        var other = Some.Name("head");
        await _service.ImportAsync(other, Some.Model(fingerprint: new string('b', 64)));

        await RefusedAsync(StatusCode.InvalidArgument, [new() { Version = 0 }], "its own shadow");
        await RefusedAsync(StatusCode.InvalidArgument, [new() { Version = -1 }], "-1");
        await RefusedAsync(StatusCode.InvalidArgument, [new() { Version = 1 }, new() { Head = _head, Version = 1 }], "twice");
        await RefusedAsync(StatusCode.InvalidArgument, [.. Enumerable.Range(1, 9).Select(version => new HeadVersion { Version = version })], "9", "8");
        await RefusedAsync(StatusCode.NotFound, [new() { Version = 7 }], "7");
        await RefusedAsync(StatusCode.FailedPrecondition, [new() { Head = other }], new string('b', 64), Some.Backbone.Fingerprint);
        await Some.RefusedAsync(StatusCode.NotFound, async () => await _service.Heads.SetShadowsAsync(new SetShadowsRequest { Head = "nobody" }), "nobody");
        await Some.RefusedAsync(StatusCode.NotFound, async () => await _service.Heads.GetAgreementAsync(new GetAgreementRequest { Head = "nobody" }), "nobody");

        Task<RpcException> RefusedAsync(StatusCode code, HeadVersion[] shadows, params string[] says) => Some.RefusedAsync(
            code, async () => await _service.Heads.SetShadowsAsync(new SetShadowsRequest { Head = _head, Shadows = { shadows } }), says);
    }

    [Fact]
    public async Task A_full_queue_drops_and_counts_and_delays_no_call()
    {
        using var directory = new TestKit.TempDirectory();
        await using var service = await ServiceUnderTest.StartAsync(
            ("Store:DataDirectory", directory.Path), ("Serving:ShadowQueueCapacity", "1"), ("Serving:ShadowFlushMilliseconds", "60000"));
        for (var version = 0; version < 9; version++) await service.ImportAsync(_head, Some.Model(labels: 200));
        await service.Heads.SetShadowsAsync(new SetShadowsRequest
        {
            Head = _head,
            Shadows = { Enumerable.Range(2, 8).Select(version => new HeadVersion { Version = version }) },
        });

        const int calls = 400;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            for (var call = 0; call < calls / 8; call++) await service.Classification.ClassifyAsync(Some.Request(_head));
        }));

        var shadows = await AgreementAsync(service, shadows => shadows.All(shadow => shadow.Hours.Sum(hour => hour.Calls + hour.Dropped) == calls));
        Assert.All(shadows, shadow => Assert.True(shadow.Hours.Sum(hour => hour.Dropped) > 0));
    }

    [Fact]
    public async Task A_call_copies_nothing_for_its_shadows()
    {
        const int calls = 100;
        for (var version = 0; version < 2; version++) await _service.ImportAsync(_head, Some.Model());
        await _service.Classification.ClassifyAsync(Some.Request(_head));
        var (request, response) = (Some.Request(_head), await _service.Classification.ClassifyAsync(Some.Request(_head)));
        var scorer = _service.Get<ShadowScorer>();

        var (without, with) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
        for (var round = 0; round < 5; round++)
        {
            await _service.Heads.SetShadowsAsync(new SetShadowsRequest { Head = _head });
            without = TimeSpan.FromTicks(Math.Min(without.Ticks, (await RoundAsync()).Ticks));
            await _service.Heads.SetShadowsAsync(new SetShadowsRequest { Head = _head, Shadows = { new HeadVersion { Version = 2 } } });
            with = TimeSpan.FromTicks(Math.Min(with.Ticks, (await RoundAsync()).Ticks));
        }

        var clock = Stopwatch.StartNew();
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        for (var offer = 0; offer < 10_000; offer++) scorer.Offer(request, response);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"a call without shadows {without.TotalMicroseconds / calls:F0} µs, with one {with.TotalMicroseconds / calls:F0} µs (×{with / without:F2}); an offer {clock.Elapsed.TotalNanoseconds / 10_000:F0} ns, {allocated / 10_000.0:F1} bytes");
        // The vector alone has 8,192.
        Assert.InRange(allocated / 10_000, 0, 200);

        async Task<TimeSpan> RoundAsync()
        {
            var round = Stopwatch.StartNew();
            for (var call = 0; call < calls; call++) await _service.Classification.ClassifyAsync(request);
            return round.Elapsed;
        }
    }

    [Fact]
    public async Task One_vector_is_answered_by_several_heads_and_each_fails_alone()
    {
        var (other, foreign) = (Some.Name("head"), Some.Name("head"));
        for (var favourite = 0; favourite < 3; favourite++) await _service.ImportAsync(_head, Some.Model(favourite: favourite));
        await _service.ImportAsync(other, Some.Model(favourite: 5));
        await _service.ImportAsync(foreign, Some.Model(fingerprint: new string('b', 64)));
        var image = Some.Image();
        await _service.Get<VectorStore>().SetAsync(Some.Backbone.Fingerprint, image, SyntheticVectors.Vector(1, 0));
        HeadVersion[] heads = [new() { Head = _head, Version = 3 }, new() { Head = _head }, new() { Head = other }, new() { Head = _head, Version = 9 }, new() { Head = foreign }];

        var byImage = await _service.Classification.CompareAsync(new CompareRequest { Heads = { heads }, ImageHash = Some.Bytes(image), TopK = 2 });
        var byVector = await _service.Classification.CompareAsync(
            new CompareRequest { Heads = { heads }, Vector = new FloatVector { Values = { SyntheticVectors.Vector(1, 0) } }, TopK = 2 });

        // Each call has a trace of its own, whose id its errors carry.
        foreach (var failed in byImage.Heads.Concat(byVector.Heads).Where(head => head.Error is not null)) failed.Error.Details.Clear();
        Assert.Equal(byImage, byVector);
        Assert.Equal(heads, byImage.Heads.Select(head => head.Head));
        Assert.Equal([(3, 2), (1, 0), (1, 5)], byImage.Heads.Take(3).Select(head => ((int)head.Classified.Version, head.Classified.Predictions[0].Index)));
        Assert.All(byImage.Heads.Take(3), head => Assert.Equal(2, head.Classified.Predictions.Count));
        Assert.Equal(((int)StatusCode.NotFound, (int)StatusCode.FailedPrecondition), (byImage.Heads[3].Error.Code, byImage.Heads[4].Error.Code));
        Assert.Contains("9", byImage.Heads[3].Error.Message);
    }

    [Fact]
    public async Task What_cannot_be_compared_is_refused()
    {
        await _service.ImportAsync(_head, Some.Model());
        var one = new HeadVersion { Head = _head };

        await RefusedAsync(StatusCode.InvalidArgument, new CompareRequest { ImageHash = Some.Bytes(Some.Image()) }, "0", "100");
        await RefusedAsync(StatusCode.InvalidArgument, new CompareRequest { Heads = { one } }, "neither");
        await RefusedAsync(StatusCode.InvalidArgument, new CompareRequest { Heads = { one }, ImageHash = Google.Protobuf.ByteString.CopyFrom(1, 2) }, "2", "32");
        await RefusedAsync(StatusCode.NotFound, new CompareRequest { Heads = { one }, ImageHash = Some.Bytes(Some.Image()) }, Some.Backbone.Fingerprint);
        await RefusedAsync(StatusCode.InvalidArgument, new CompareRequest { Heads = { Enumerable.Repeat(one, 101) }, Vector = new FloatVector() }, "101", "100");

        Task<RpcException> RefusedAsync(StatusCode code, CompareRequest request, params string[] says) =>
            Some.RefusedAsync(code, async () => await _service.Classification.CompareAsync(request), says);
    }

    private static ClassifyRequest PinnedRequest(string head, long version)
    {
        var request = Some.Request(head);
        request.Version = version;
        return request;
    }

    private async Task StreamAsync(int calls)
    {
        using var stream = _service.Classification.ClassifyStream();
        for (var call = 0; call < calls; call++) await stream.RequestStream.WriteAsync(new ClassifyStreamRequest { Request = Some.Request(_head) });
        await stream.RequestStream.CompleteAsync();
        Assert.Equal(calls, await stream.ResponseStream.ReadAllAsync().CountAsync());
    }

    private Task<IList<ShadowAgreement>> AgreementAsync(int calls = 0, int failed = 0) => AgreementAsync(
        _service, shadows => shadows.All(shadow => shadow.Hours.Sum(hour => hour.Calls) == calls && shadow.Hours.Sum(hour => hour.Failed) == failed));

    /// <summary>Scoring is behind the caller's back: it is there soon, not at once.</summary>
    private async Task<IList<ShadowAgreement>> AgreementAsync(ServiceUnderTest service, Func<IList<ShadowAgreement>, bool> complete)
    {
        for (var patience = Stopwatch.StartNew(); ; await Task.Delay(20))
        {
            await service.Get<ShadowScorer>().FlushAsync();
            var shadows = (await service.Heads.GetAgreementAsync(new GetAgreementRequest { Head = _head })).Shadows;
            if (complete(shadows) || patience.Elapsed > TimeSpan.FromSeconds(20))
            {
                Assert.True(complete(shadows), $"{shadows}");
                return shadows;
            }
        }
    }
}
