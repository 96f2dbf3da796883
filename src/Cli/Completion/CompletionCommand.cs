using System.CommandLine;

namespace Topfive.Cli;

/// <summary><c>topfive completion</c>: a script by which a shell completes commands, options and names.</summary>
internal sealed class CompletionCommand : Command
{
    private readonly Argument<string> _shell = new("shell") { Description = "bash, zsh, fish or pwsh" };

    public CompletionCommand(Terminal terminal)
        : base("completion", "Prints a script by which a shell completes commands, options, and names of heads and datasets where the Gateway answers.")
    {
        _shell.AcceptOnlyFromAmong([.. CompletionScripts.Shells]);
        Arguments.Add(_shell);
        SetAction(parsed => terminal.Out.Profile.Out.Writer.Write(CompletionScripts.For(parsed.GetRequiredValue(_shell), ThisProgram())));
    }

    /// <returns>The command line that starts this program from any directory, quoted for every shell here.</returns>
    private static string ThisProgram()
    {
        var program = Environment.ProcessPath!;
        return Path.GetFileNameWithoutExtension(program) == "dotnet"
            ? $"'{program}' '{Path.Combine(AppContext.BaseDirectory, "topfive.dll")}'"
            : $"'{program}'";
    }
}
