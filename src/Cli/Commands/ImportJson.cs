using System.Text.Json.Nodes;

namespace Topfive.Cli;

/// <summary>
/// The line that <c>import --json</c> writes: <c>dataset</c>, <c>imported</c> and of it <c>computed</c> and <c>cache_hits</c>,
/// <c>augmented_copies</c> and of them <c>computed_copies</c>, and as id and reason what is <c>failed</c> and <c>overruled</c>.
/// </summary>
internal static class ImportJson
{
    public static string Line(string dataset, ImportResult result) => ProtoJson.Line(new JsonObject
    {
        ["dataset"] = dataset,
        ["imported"] = result.Imported,
        ["computed"] = result.Computed,
        ["cache_hits"] = result.CacheHits,
        ["augmented_copies"] = result.Copies,
        ["computed_copies"] = result.ComputedCopies,
        ["failed"] = Array(result.Failed),
        ["overruled"] = Array(result.Overruled),
    });

    private static JsonArray Array(IEnumerable<Problem> problems) =>
        new([.. problems.Select(problem => new JsonObject { ["id"] = problem.Id, ["reason"] = problem.Reason })]);
}
