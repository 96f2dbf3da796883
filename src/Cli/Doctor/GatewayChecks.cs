using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Client;
using Topfive.Features.V1;

namespace Topfive.Cli;

/// <summary>The Gateway and, through it, the services behind.</summary>
internal static class GatewayChecks
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <returns>The Gateway, then, where it answers, FeatureService and ClassifierService.</returns>
    public static async Task<IReadOnlyList<Finding>> RunAsync(TopfiveClientOptions options, CancellationToken cancellation)
    {
        (options.Timeout, options.MaxAttempts) = (Patience, 1);
        using var client = new TopfiveClient(options);
        var features = await AskAsync("feature-service", async () =>
        {
            var backbone = await client.Features.GetBackboneAsync(new GetBackboneRequest(), cancellationToken: cancellation);
            return $"{backbone.Name}, {backbone.Precision} on {backbone.Device}, {backbone.Engine}, fingerprint {backbone.Fingerprint[..Math.Min(12, backbone.Fingerprint.Length)]}";
        });
        if (features.Failure is { } failure && RpcMessage.IsUnreachable(failure))
        {
            return
            [
                RpcMessage.Distrust(failure) is { } reason
                    ? Finding.Missing("gateway", $"{options.Address} is not believed to be the Gateway: {reason}", "name its CA with --ca-file or TOPFIVE_CA_FILE")
                    : Finding.Warn("gateway", $"nothing answers at {options.Address}", "topfive up starts everything on this machine; --gateway names another address"),
            ];
        }

        var classifier = await AskAsync("classifier-service", async () =>
        {
            var heads = (await client.Heads.ListHeadsAsync(new ListHeadsRequest(), cancellationToken: cancellation)).Heads;
            return $"{heads.Select(head => head.Head_).Distinct().Count():N0} heads";
        });
        return [Finding.Ok("gateway", $"{options.Address} answers"), features.Finding, classifier.Finding];
    }

    private static async Task<(Finding Finding, RpcException? Failure)> AskAsync(string service, Func<Task<string>> ask)
    {
        try
        {
            return (Finding.Ok(service, await ask()), null);
        }
        catch (RpcException failure)
        {
            var mend = failure.StatusCode is StatusCode.Unauthenticated or StatusCode.PermissionDenied
                ? "show a key with TOPFIVE_API_KEY or a token with TOPFIVE_TOKEN that may do this"
                : "its log says why; /healthz/ready on the HTTP port of each service names the check that fails";
            return (Finding.Missing(service, RpcMessage.Of(failure), mend), failure);
        }
    }
}
