using System.Text.RegularExpressions;

namespace Topfive.EndToEnd.Tests;

/// <summary>The names that a query in Prometheus' language asks for: metrics with the labels they are selected by, and labels that results are grouped by.</summary>
internal sealed partial class Query
{
    private static readonly string[] Words = ["and", "or", "unless", "bool", "offset"];

    public Query(string expression)
    {
        var rest = Range().Replace(expression, "");
        Groupings = [.. Grouping().Matches(rest).SelectMany(grouping => Word().Matches(grouping.Groups[1].Value)).Select(label => label.Value).Distinct()];
        rest = Grouping().Replace(rest, " ");
        Selectors = [.. Selector().Matches(rest)
            .Where(selector => !Words.Contains(selector.Groups["name"].Value))
            .Select(selector => (selector.Groups["name"].Value, Matcher().Matches(selector.Groups["matchers"].Value).Select(matcher => matcher.Groups[1].Value).ToList()))];
    }

    public IReadOnlyList<(string Metric, List<string> Labels)> Selectors { get; }

    public IReadOnlyList<string> Groupings { get; }

    [GeneratedRegex(@"\[[^\]]*\]")]
    private static partial Regex Range();

    [GeneratedRegex(@"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")]
    private static partial Regex Grouping();

    /// <summary>A name that is no function's.</summary>
    [GeneratedRegex("(?<![\\w\"])(?<name>[a-zA-Z_:][\\w:]*)(?![\\w:])(?!\\s*\\()\\s*(?:\\{(?<matchers>[^}]*)\\})?")]
    private static partial Regex Selector();

    [GeneratedRegex("(\\w+)\\s*(?:=~|!~|!=|=)\\s*\"")]
    private static partial Regex Matcher();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();
}
