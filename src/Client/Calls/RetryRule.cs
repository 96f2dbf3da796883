using Grpc.Core;
using Grpc.Net.Client.Configuration;
using Topfive.Classifier.V1;
using Topfive.Features.V1;

namespace Topfive.Client;

/// <summary>
/// Which calls are tried again when they end with UNAVAILABLE: those that may happen twice and nobody sees it. Of a call that was cut off nobody
/// knows whether it was done: a second StartRun would train twice, a second Rollback go back two versions.
/// </summary>
internal static class RetryRule
{
    private const double Multiplier = 2;

    /// <summary>Waits grow to this.</summary>
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    private static readonly (string Service, string[] Methods)[] Repeatable =
    [
        (Gateway.V1.Prediction.Descriptor.FullName, ["Predict"]),
        (FeatureExtraction.Descriptor.FullName, ["GetBackbone", "Extract", "FindMissing", "GetVectors"]),
        (Classification.Descriptor.FullName, ["Classify", "Compare"]),
        (Datasets.Descriptor.FullName, ["GetDataset", "ListDatasets", "ListExamples"]),
        (Training.Descriptor.FullName, ["GetRun", "ListRuns", "WatchRun"]),
        (Heads.Descriptor.FullName, ["ListHeads", "GetHead", "ListPromotions", "GetAgreement", "ExportHead"]),
    ];

    /// <returns>Null: nothing is tried again.</returns>
    public static MethodConfig? Of(TopfiveClientOptions options)
    {
        if (options.MaxAttempts == 1) return null;
        var rule = new MethodConfig
        {
            RetryPolicy = new RetryPolicy
            {
                MaxAttempts = options.MaxAttempts,
                InitialBackoff = options.RetryDelay,
                MaxBackoff = LongestDelay,
                BackoffMultiplier = Multiplier,
                RetryableStatusCodes = { StatusCode.Unavailable },
            },
        };
        foreach (var (service, methods) in Repeatable)
        {
            foreach (var method in methods) rule.Names.Add(new MethodName { Service = service, Method = method });
        }

        return rule;
    }

    /// <summary>Before a stream is opened again, as gRPC waits before a call: with a fifth more or less, so that clients do not come all at once.</summary>
    /// <param name="options">The first wait.</param>
    /// <param name="failures">In a row, from 1.</param>
    public static TimeSpan DelayAfter(TopfiveClientOptions options, int failures)
    {
        var delay = TimeSpan.FromTicks((long)Math.Min(LongestDelay.Ticks, options.RetryDelay.Ticks * Math.Pow(Multiplier, failures - 1)));
        return delay * (0.8 + (0.4 * Random.Shared.NextDouble()));
    }
}
