using System.Text.RegularExpressions;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary>docs/guarantees.md names the test behind each promise; it must be there, and be a test.</summary>
public sealed partial class GuaranteesTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(Repository.Root, "docs", "guarantees.md"));

    private static readonly Dictionary<string, string[]> Tests = Directory
        .EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*.cs", SearchOption.AllDirectories)
        .Select(File.ReadAllText)
        .SelectMany(code => Class().Matches(code).Select(name => (Name: name.Groups[1].Value, Code: code)))
        .GroupBy(type => type.Name, type => type.Code)
        .ToDictionary(type => type.Key, type => type.SelectMany(code => Test().Matches(code)).Select(test => test.Groups[1].Value).ToArray());

    [Fact]
    public void Every_promise_names_a_test_and_every_named_test_is_there()
    {
        var rows = Text.Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| promise ", StringComparison.Ordinal) && !line.StartsWith("| ---", StringComparison.Ordinal)).ToList();

        Assert.True(rows.Count > 50, $"only {rows.Count} promises were recognised");
        Assert.All(rows, row =>
        {
            var cells = row.Trim().Trim('|').Split(" | ");
            Assert.True(cells.Length is 2 or 3, $"{row}: a row is a promise, its tests and what they assume");
            Assert.True(Named().IsMatch(cells[1]), $"{row}: there is no test");
            Assert.All(Named().Matches(cells[1]), named =>
                Assert.True(Tests.GetValueOrDefault(named.Groups[1].Value, []).Contains(named.Groups[2].Value), $"{named.Value} is no test"));
        });
    }

    [Fact]
    public void Every_test_class_that_the_readme_names_is_there()
    {
        var readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));

        Assert.All(ClassInReadme().Matches(readme), named => Assert.True(Tests.ContainsKey(named.Groups[1].Value), $"{named.Value} is no class of tests"));
    }

    [GeneratedRegex(@"\bclass (\w+)")]
    private static partial Regex Class();

    [GeneratedRegex(@"\[(?:Fact|Theory)\b.*?\b(?:Task|void|ValueTask) (\w+)\(", RegexOptions.Singleline)]
    private static partial Regex Test();

    [GeneratedRegex(@"`(\w+Tests)\.(\w+)`")]
    private static partial Regex Named();

    [GeneratedRegex(@"`(\w+Tests)`")]
    private static partial Regex ClassInReadme();
}
