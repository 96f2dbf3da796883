using System.CommandLine;
using Xunit;

namespace Topfive.Cli.Tests;

public sealed class HelpTests
{
    public static TheoryData<string> Paths => [.. PathsOf(Root)];

    private static RootCommand Root => Program.Commands(Terminal.Plain(TextWriter.Null, TextWriter.Null));

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Every_commands_help_ends_with_examples_that_are_right_usage(string path)
    {
        var outcome = await CommandLine.RunAsync([.. path.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);

        Assert.Equal(0, outcome.ExitCode);
        var examples = Examples.Of(path);
        Assert.NotEmpty(examples);
        Assert.EndsWith($"Examples:\n{string.Concat(examples.Select(example => $"  {example}\n"))}\n", outcome.Output.ReplaceLineEndings("\n"));
        Assert.All(examples, example =>
        {
            // Around it is the shell's.
            var line = example.Replace("source <(", "").Replace(")", "").Split(" > ")[0]["topfive ".Length..];
            Assert.Empty(Root.Parse(line).Errors);
            Assert.StartsWith(path, line);
        });
    }

    /// <summary>But for those that run until they are ended, show what the demo shows, or print a script.</summary>
    [Fact]
    public void Every_command_with_a_result_writes_it_as_json_too()
    {
        var without = LeavesOf(Root).Where(command => command.Options.All(option => option.Name != "--json")).Select(Examples.PathOf);

        Assert.Equal(["up", "demo report", "completion"], without);
    }

    private static IEnumerable<Command> LeavesOf(Command command) => command.Subcommands.Count == 0 ? [command] : command.Subcommands.SelectMany(LeavesOf);

    private static IEnumerable<string> PathsOf(Command command) =>
        command.Subcommands.SelectMany(PathsOf).Prepend(Examples.PathOf(command));
}
