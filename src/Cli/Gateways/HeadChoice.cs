using Topfive.Classifier.V1;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary>Which head answers when none is named.</summary>
internal static class HeadChoice
{
    /// <summary>The only head, or among several the only one that was trained here rather than imported.</summary>
    /// <exception cref="CommandFailure">There is none, or more than one: the message names them.</exception>
    public static async Task<string> OnlyAsync(TopfiveClient gateway, CancellationToken cancellation)
    {
        var heads = (await gateway.Heads.ListHeadsAsync(new ListHeadsRequest(), cancellationToken: cancellation)).Heads;
        var trained = heads.Where(head => head.RunId.Length > 0).ToArray();
        var candidates = trained.Length > 0 ? trained : [.. heads];
        return candidates switch
        {
            [var only] => only.Head_,
            [] => throw new CommandFailure("There is no head yet: `topfive train` makes one."),
            _ => throw CommandFailure.WrongUsage($"Say which head with --head: {string.Join(", ", candidates.Select(head => head.Head_))}."),
        };
    }
}
