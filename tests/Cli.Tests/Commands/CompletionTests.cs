using Topfive.Classifier.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Cli.Tests;

/// <summary>The script in a real bash, with the program as a process of its own.</summary>
public sealed class CompletionTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    [Fact]
    public async Task Bash_completes_commands_options_and_names_that_the_gateway_knows()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.State.Heads.Add(new Head { Head_ = "flowers" });
        gateway.State.Heads.Add(new Head { Head_ = "flags of the world" });
        gateway.State.Heads.Add(new Head { Head_ = "dogs" });

        var completed = await CompleteAsync(
            "topfive pre", "topfive heads his", "topfive predict --nea", "topfive import x --split k",
            $"topfive promote --gateway {gateway.Address} fl", $"topfive predict --gateway {gateway.Address} --head dog",
            "topfive promote --gateway http://127.0.0.1:1 fl");

        Assert.Equal(["predict", "history", "--nearest", "keras", @"flags\ of\ the\ world|flowers", "dogs", ""], completed);
    }

    [Theory]
    [InlineData("bash", "complete -o default -F _topfive topfive")]
    [InlineData("zsh", "compdef _topfive topfive")]
    [InlineData("fish", "complete -c topfive")]
    [InlineData("pwsh", "Register-ArgumentCompleter -Native -CommandName topfive")]
    public async Task Every_shell_gets_a_script_that_starts_this_program(string shell, string registration)
    {
        var outcome = await CommandLine.RunAsync(["completion", shell]);

        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains(registration, outcome.Output);
        Assert.Contains("[suggest:", outcome.Output);
        Assert.DoesNotContain("PROGRAM", outcome.Output);
    }

    public void Dispose() => _folder.Dispose();

    /// <returns>For each line, with the cursor at its end, what bash offers, sorted, with bars between.</returns>
    private async Task<string[]> CompleteAsync(params string[] lines)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "topfive.dll");
        await File.WriteAllTextAsync(_folder.File("complete.sh"), $$"""
            # A busy machine takes longer than a person would wait.
            export TOPFIVE_COMPLETION_SECONDS=60
            source <(dotnet '{{program}}' completion bash)
            while IFS= read -r COMP_LINE; do
              COMP_POINT=${#COMP_LINE}
              read -ra COMP_WORDS <<< "$COMP_LINE"
              COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
              _topfive topfive "${COMP_WORDS[COMP_CWORD]}" < /dev/null
              printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd'|'
            done < '{{_folder.File("lines")}}'
            """);
        await File.WriteAllLinesAsync(_folder.File("lines"), lines);
        return (await TestKit.Repository.RunAsync(_folder.Path, "bash", _folder.File("complete.sh"))).TrimEnd('\n').Split('\n') is var said && said.Length < lines.Length
            ? [.. said, .. Enumerable.Repeat("", lines.Length - said.Length)]
            : said;
    }
}
