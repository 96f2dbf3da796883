using System.CommandLine;
using System.CommandLine.Completions;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary>Names that the Gateway knows, for a shell that completes a word: it waits for them only so long, and a failure completes nothing.</summary>
internal static class KnownNames
{
    /// <summary>Longer, and a person who pressed the key thinks that nothing comes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(
        int.TryParse(Environment.GetEnvironmentVariable("TOPFIVE_COMPLETION_SECONDS"), out var seconds) && seconds is >= 1 and <= 600 ? seconds : 1);

    public static async Task<IEnumerable<string>> HeadsAsync(TopfiveClient gateway) =>
        (await gateway.Heads.ListHeadsAsync(new ListHeadsRequest())).Heads.Select(head => head.Head_).Distinct();

    public static async Task<IEnumerable<string>> DatasetsAsync(TopfiveClient gateway) =>
        (await gateway.Datasets.ListDatasetsAsync(new ListDatasetsRequest())).Datasets.Select(dataset => dataset.Dataset_);

    public static IEnumerable<CompletionItem> Of(ConnectionOptions connection, ParseResult parsed, Func<TopfiveClient, Task<IEnumerable<string>>> names)
    {
        try
        {
            var options = connection.Read(parsed);
            (options.Timeout, options.MaxAttempts) = (Patience, 1);
            using var gateway = new TopfiveClient(options);
            // System.CommandLine asks for words and waits for them itself.
            return [.. names(gateway).GetAwaiter().GetResult().Select(name => new CompletionItem(name))];
        }
        catch (Exception failure) when (failure is RpcException or CommandFailure or InvalidOperationException)
        {
            return [];
        }
    }
}
