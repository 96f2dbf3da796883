using System.Text.RegularExpressions;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary>docs/flows.md and README.md name files and members; both must be there.</summary>
public sealed partial class FlowsTests
{
    [Fact]
    public void Every_step_of_a_flow_is_a_file_that_holds_the_named_member()
    {
        var steps = Step().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "flows.md")));
        Assert.True(steps.Count > 30, $"only {steps.Count} steps were recognised");
        Assert.All(steps, step =>
        {
            var (member, file) = (step.Groups["member"].Value, Path.Combine(Repository.Root, step.Groups["file"].Value));
            Assert.True(File.Exists(file), $"{step.Value}: the file does not exist");
            Assert.True(Regex.IsMatch(File.ReadAllText(file), $@"\b{Regex.Escape(member)}\b"), $"{step.Value}: the file does not hold {member}");
        });
    }

    [Fact]
    public void Each_step_of_a_flow_is_reached_from_the_one_before()
    {
        foreach (var flow in File.ReadAllText(Path.Combine(Repository.Root, "docs", "flows.md")).Split("\n## ").Skip(1))
        {
            var steps = Step().Matches(flow).Select(step => (File: step.Groups["file"].Value, Member: step.Groups["member"].Value)).ToList();
            var walked = new List<string>();
            foreach (var (file, member) in steps)
            {
                Assert.True(
                    walked.Count == 0 || walked.Any(earlier => Regex.IsMatch(File.ReadAllText(Path.Combine(Repository.Root, earlier)), $@"\b{Regex.Escape(member)}\b")),
                    $"flow '{flow.Split('\n')[0]}': nothing before {file} mentions {member}");
                walked.Add(file);
            }
        }
    }

    [Fact]
    public void Every_link_of_the_documents_leads_to_a_file()
    {
        foreach (var document in Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories)
                     .Append(Path.Combine(Repository.Root, "README.md")))
        {
            Assert.All(Link().Matches(File.ReadAllText(document)), link =>
                Assert.True(Path.Exists(Path.Combine(Path.GetDirectoryName(document)!, link.Groups[1].Value)), $"{document}: {link.Value}"));
        }
    }

    [GeneratedRegex(@"^\d+\. `(?<member>\w+)` \[(?<file>[^\]]+)\]", RegexOptions.Multiline)]
    private static partial Regex Step();

    [GeneratedRegex(@"\]\((?!https?:)([^)#]+)")]
    private static partial Regex Link();
}
