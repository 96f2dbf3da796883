namespace Topfive.Cli.Tests;

/// <summary>What a command line did, as a pipe sees it.</summary>
internal sealed record Outcome(int ExitCode, string Output, string Errors);

internal static class CommandLine
{
    public static async Task<Outcome> RunAsync(string[] args, CancellationToken cancellation = default)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var exitCode = await Program.RunAsync(args, Terminal.Plain(output, errors), cancellation);
        return new Outcome(exitCode, output.ToString(), errors.ToString());
    }
}
