using Google.Protobuf;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>topfive.classifier.v1.Heads.</summary>
internal sealed class HeadsService(HeadStore heads, HeadCache cache, HeadImporter importer, ShadowSetter shadows) : Heads.HeadsBase
{
    private const int ExportPartBytes = 64 << 10;

    public override async Task<ListHeadsResponse> ListHeads(ListHeadsRequest request, ServerCallContext context)
    {
        if (request.Head.Length == 0) return new ListHeadsResponse { Heads = { (await heads.ListAsync()).Select(WithoutBulk) } };
        NameRule.Check(request.Head, "head");
        var versions = await heads.ListVersionsAsync(request.Head);
        return versions.Count > 0 ? new ListHeadsResponse { Heads = { versions.Select(WithoutBulk) } } : throw UnknownHead(request.Head);
    }

    public override async Task<Head> GetHead(GetHeadRequest request, ServerCallContext context) =>
        await GetAsync(request.Head, await VersionAsync(request.Head, request.Version));

    public override async Task<PromoteResponse> Promote(PromoteRequest request, ServerCallContext context)
    {
        CheckNamed(request.Head, request.Version);
        Callers.CheckReason(request.Reason);
        var why = Why(PromotionCause.Promoted, context, request.Reason);
        var previous = await heads.PromoteAsync(request.Head, request.Version, why) ?? throw await UnknownAsync(request.Head, request.Version);
        await cache.RecheckAsync();
        return new PromoteResponse { Head = await GetAsync(request.Head, request.Version), PreviousVersion = previous };
    }

    public override async Task<RollbackResponse> Rollback(RollbackRequest request, ServerCallContext context)
    {
        NameRule.Check(request.Head, "head");
        Callers.CheckReason(request.Reason);
        if (await heads.RollbackAsync(request.Head, Why(PromotionCause.RolledBack, context, request.Reason)) is not { } change)
        {
            throw (await heads.ListVersionsAsync(request.Head)).Count == 0
                ? UnknownHead(request.Head)
                : Failure.Precondition($"head '{request.Head}' has no version that was live before the current one");
        }

        await cache.RecheckAsync();
        return new RollbackResponse { Head = await GetAsync(request.Head, change.Live), PreviousVersion = change.Previous };
    }

    public override async Task<ListPromotionsResponse> ListPromotions(ListPromotionsRequest request, ServerCallContext context)
    {
        NameRule.Check(request.Head, "head");
        var promotions = await heads.ListPromotionsAsync(request.Head);
        if (promotions.Count == 0 && (await heads.ListVersionsAsync(request.Head)).Count == 0) throw UnknownHead(request.Head);
        return new ListPromotionsResponse { Promotions = { promotions } };
    }

    public override async Task ExportHead(ExportHeadRequest request, IServerStreamWriter<ExportHeadResponse> responseStream, ServerCallContext context)
    {
        if (!Enum.IsDefined(request.Format)) throw Failure.InvalidInput($"format {(int)request.Format} is unknown; ONNX is 1");
        var version = await VersionAsync(request.Head, request.Version);
        var model = await heads.GetModelAsync(request.Head, version) ?? throw await UnknownAsync(request.Head, version);
        for (var start = 0; start < model.Length; start += ExportPartBytes)
        {
            var part = model.AsMemory(start, Math.Min(ExportPartBytes, model.Length - start));
            await responseStream.WriteAsync(new ExportHeadResponse { Data = UnsafeByteOperations.UnsafeWrap(part) }, context.CancellationToken);
        }
    }

    public override Task<Head> ImportHead(IAsyncStreamReader<ImportHeadRequest> requestStream, ServerCallContext context) =>
        importer.ImportAsync(requestStream.ReadAllAsync(context.CancellationToken), context.Caller(), context.CancellationToken);

    public override async Task<DeleteVersionResponse> DeleteVersion(DeleteVersionRequest request, ServerCallContext context)
    {
        CheckNamed(request.Head, request.Version);
        return await heads.DeleteVersionAsync(request.Head, request.Version) switch
        {
            VersionDeletion.Deleted => new DeleteVersionResponse(),
            VersionDeletion.Live => throw Failure.Precondition($"version {request.Version} of head '{request.Head}' is live: promote another one first"),
            _ => throw await UnknownAsync(request.Head, request.Version),
        };
    }

    public override async Task<DeleteHeadResponse> DeleteHead(DeleteHeadRequest request, ServerCallContext context)
    {
        NameRule.Check(request.Head, "head");
        var deleted = await heads.DeleteHeadAsync(request.Head, Why(PromotionCause.HeadDeleted, context, ""));
        if (deleted == 0) throw UnknownHead(request.Head);
        await shadows.ForgetAsync(request.Head);
        await cache.RecheckAsync();
        return new DeleteHeadResponse { DeletedVersions = deleted };
    }

    public override Task<SetShadowsResponse> SetShadows(SetShadowsRequest request, ServerCallContext context) => shadows.SetAsync(request);

    public override async Task<GetAgreementResponse> GetAgreement(GetAgreementRequest request, ServerCallContext context)
    {
        NameRule.Check(request.Head, "head");
        if ((await heads.ListVersionsAsync(request.Head)).Count == 0) throw UnknownHead(request.Head);
        return await shadows.ReportAsync(request.Head);
    }

    private static Promotion Why(PromotionCause cause, ServerCallContext context, string reason) =>
        new() { Cause = cause, Caller = context.Caller(), Reason = reason };

    /// <summary>A hundred versions with all of their evaluations would not fit into one message.</summary>
    private static Head WithoutBulk(Head head)
    {
        head.Manifest = null;
        if (head.Evaluation is not { } evaluation) return head;
        evaluation.Confusion = null;
        evaluation.Calibration = evaluation.CalibrationServed = null;
        evaluation.ConfidentMistakes.Clear();
        evaluation.SuspectedLabelErrors.Clear();
        return head;
    }

    private async Task<Head> GetAsync(string head, long version) =>
        await heads.GetAsync(head, version) ?? throw await UnknownAsync(head, version);

    /// <returns>The version that is meant: the live one for 0.</returns>
    private async Task<long> VersionAsync(string head, long version)
    {
        NameRule.Check(head, "head");
        if (version < 0) throw Failure.InvalidInput($"version is {version}; versions count from 1, and 0 is the live one");
        if (version == 0) version = await heads.GetLiveVersionAsync(head);
        return version != 0 ? version : throw await UnknownAsync(head, version);
    }

    private static void CheckNamed(string head, long version)
    {
        NameRule.Check(head, "head");
        if (version < 1) throw Failure.InvalidInput($"version is {version}; name one from 1 up");
    }

    private async Task<Failure> UnknownAsync(string head, long version)
    {
        if ((await heads.ListVersionsAsync(head)).Count == 0) return UnknownHead(head);
        return Failure.NotFound(version == 0 ? $"head '{head}' has no live version: promote one, or name a version" : $"head '{head}' has no version {version}");
    }

    private static Failure UnknownHead(string head) => Failure.NotFound($"there is no head '{head}'");
}
