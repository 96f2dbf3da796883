using Google.Protobuf.WellKnownTypes;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>Says which versions answer along with a head, and tells how they agreed.</summary>
internal sealed class ShadowSetter(ShadowStore store, HeadStore heads, ShadowScorer scorer)
{
    public const int MaxShadows = 8;

    public async Task<SetShadowsResponse> SetAsync(SetShadowsRequest request)
    {
        NameRule.Check(request.Head, "head");
        if (request.Shadows.Count > MaxShadows) throw Failure.InvalidInput($"shadows names {request.Shadows.Count} versions; at most {MaxShadows}");
        var live = await FindAsync(new HeadVersion { Head = request.Head });
        foreach (var shadow in request.Shadows)
        {
            if (shadow.Head.Length == 0) shadow.Head = request.Head;
            await CheckAsync(shadow, live);
        }

        if (request.Shadows.Distinct().Count() < request.Shadows.Count) throw Failure.InvalidInput("shadows names a version twice");
        await store.SetAsync(request.Head, request.Shadows);
        await scorer.RefreshAsync();
        return new SetShadowsResponse { Shadows = { request.Shadows } };
    }

    public async Task ForgetAsync(string head)
    {
        await store.SetAsync(head, []);
        await scorer.RefreshAsync();
    }

    public async Task<GetAgreementResponse> ReportAsync(string head)
    {
        var active = await store.GetAsync(head);
        var counted = (await store.ReadAsync(head, DateTimeOffset.UtcNow)).ToLookup(hour => new HeadVersion { Head = hour.Of.Head, Version = hour.Of.Version });
        return new GetAgreementResponse
        {
            Shadows =
            {
                active.Union(counted.Select(hours => hours.Key)).Select(shadow => new ShadowAgreement
                {
                    Shadow = shadow,
                    Active = active.Contains(shadow),
                    Hours = { counted[shadow].Select(hour => Report(hour.Hour, hour.Of.LiveVersion, hour.Counts)) },
                }),
            },
        };
    }

    private static HourAgreement Report(DateTimeOffset hour, long liveVersion, AgreementCounts counts) => new()
    {
        Hour = Timestamp.FromDateTimeOffset(hour),
        LiveVersion = liveVersion,
        Calls = counts.Calls,
        Agreements = counts.Agreements,
        MeanDifference = counts.Calls == 0 ? 0 : counts.DifferenceMillionths / 1e6 / counts.Calls,
        Dropped = counts.Dropped,
        Failed = counts.Failed,
    };

    private async Task CheckAsync(HeadVersion shadow, Head live)
    {
        NameRule.Check(shadow.Head, "shadows.head");
        if (shadow.Version < 0) throw Failure.InvalidInput($"shadows.version is {shadow.Version}; versions count from 1, and 0 is the live one");
        if (shadow.Version == 0 && shadow.Head == live.Head_)
        {
            throw Failure.InvalidInput($"the live version of head '{shadow.Head}' cannot be its own shadow: name a version from 1 up");
        }

        var found = await FindAsync(shadow);
        if (found.BackboneFingerprint != live.BackboneFingerprint)
        {
            throw Failure.Precondition(
                $"head '{shadow.Head}' version {found.Version} reads vectors of backbone {found.BackboneFingerprint}, but head '{live.Head_}' those of {live.BackboneFingerprint}");
        }
    }

    private async Task<Head> FindAsync(HeadVersion named)
    {
        var version = named.Version == 0 ? await heads.GetLiveVersionAsync(named.Head) : named.Version;
        return await heads.GetAsync(named.Head, version)
            ?? throw Failure.NotFound(named.Version == 0 ? $"there is no head '{named.Head}' with a live version" : $"head '{named.Head}' has no version {version}");
    }
}
