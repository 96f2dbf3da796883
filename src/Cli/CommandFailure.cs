namespace Topfive.Cli;

/// <summary>What a command cannot do, in one line for the person who has to act on it.</summary>
public sealed class CommandFailure(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>True: the command line itself was wrong (exit code 2 instead of 1).</summary>
    public bool IsWrongUsage { get; private init; }

    public static CommandFailure WrongUsage(string message) => new(message) { IsWrongUsage = true };
}
