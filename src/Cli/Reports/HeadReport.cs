using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary>A confident mistake, and the training images that lie nearest to it.</summary>
/// <param name="Mistake">The validation image.</param>
/// <param name="Nearest">Nearest first; none where they cannot be had.</param>
internal sealed record Evidence(Mistake Mistake, IReadOnlyList<Neighbor> Nearest);

/// <summary>What the services know of a version of a head.</summary>
/// <param name="Head">The version, whole.</param>
/// <param name="Versions">All versions of the head, newest first.</param>
/// <param name="Run">What made it; null for an imported version, and for a run that is not known any more.</param>
/// <param name="Result">How that run went.</param>
/// <param name="Dataset">What it was trained on, as it is now; null when it is gone.</param>
/// <param name="Promotions">Every change of the head's live version, newest first.</param>
/// <param name="Evidence">Of the surest mistakes, surest first.</param>
/// <param name="NoEvidence">Why there is none; null: there is.</param>
internal sealed record HeadReport(
    Head Head, IReadOnlyList<Head> Versions, Run? Run, RunResult? Result, Dataset? Dataset,
    IReadOnlyList<Promotion> Promotions, IReadOnlyList<Evidence> Evidence, string? NoEvidence)
{
    private const int MistakesShown = 8;
    private const int NearestShown = 3;

    /// <summary>True when the dataset is not as it was when the version was trained.</summary>
    public bool DatasetChanged => Dataset is not null && Dataset.Digest != Head.DatasetDigest;

    /// <param name="gateway">Asked.</param>
    /// <param name="version">Which version; 0 is the live one.</param>
    /// <param name="cancellation">Ends the asking.</param>
    public static async Task<HeadReport> ReadAsync(TopfiveClient gateway, HeadVersion version, CancellationToken cancellation)
    {
        var head = await gateway.Heads.GetHeadAsync(new GetHeadRequest { Head = version.Head, Version = version.Version }, cancellationToken: cancellation);
        var versions = await gateway.Heads.ListHeadsAsync(new ListHeadsRequest { Head = head.Head_ }, cancellationToken: cancellation);
        var promotions = await gateway.Heads.ListPromotionsAsync(new ListPromotionsRequest { Head = head.Head_ }, cancellationToken: cancellation);
        var run = head.RunId.Length == 0 ? null : await IfThere(gateway.Training.GetRunAsync(new GetRunRequest { RunId = head.RunId }, cancellationToken: cancellation).ResponseAsync);
        var result = run is null ? null : await IfThere(RunDisplay.WaitAsync(gateway, run.RunId, cancellation));
        var dataset = head.Dataset.Length == 0 ? null : await IfThere(gateway.Datasets.GetDatasetAsync(new GetDatasetRequest { Dataset = head.Dataset }, cancellationToken: cancellation).ResponseAsync);
        var report = new HeadReport(head, versions.Heads, run, result, dataset, promotions.Promotions, [], null);
        return await report.WithEvidenceAsync(gateway, cancellation);
    }

    private async Task<HeadReport> WithEvidenceAsync(TopfiveClient gateway, CancellationToken cancellation)
    {
        var evidence = new List<Evidence>();
        foreach (var mistake in Head.Evaluation?.ConfidentMistakes.Take(MistakesShown) ?? [])
        {
            var request = new ClassifyRequest { Head = Head.Head_, Version = Head.Version, ImageHash = mistake.ImageHash, NearestExamples = NearestShown };
            try
            {
                evidence.Add(new Evidence(mistake, (await gateway.Classification.ClassifyAsync(request, cancellationToken: cancellation)).Neighbors));
            }
            catch (RpcException failure) when (failure.StatusCode is StatusCode.FailedPrecondition or StatusCode.NotFound)
            {
                // A dataset that was deleted has no examples to show; the mistakes themselves are known.
                return this with { Evidence = [.. Head.Evaluation!.ConfidentMistakes.Take(MistakesShown).Select(one => new Evidence(one, []))], NoEvidence = failure.Status.Detail };
            }
        }

        return this with { Evidence = evidence };
    }

    /// <returns>Null when the services do not know it any more.</returns>
    private static async Task<T?> IfThere<T>(Task<T> answer) where T : class
    {
        try
        {
            return await answer;
        }
        catch (RpcException failure) when (failure.StatusCode == StatusCode.NotFound)
        {
            return null;
        }
    }
}
