using System.CommandLine;
using System.CommandLine.Help;
using Grpc.Core;
using Spectre.Console;

namespace Topfive.Cli;

/// <summary>From arguments to exit code: whatever goes wrong becomes one line for the person at the terminal.</summary>
internal static class Invocation
{
    private const int Failed = 1;
    private const int WrongUsage = 2;

    public static async Task<int> RunAsync(
        this RootCommand root, string[] args, Terminal terminal, CancellationToken cancellation)
    {
        var parsed = root.Parse(args);
        // What a shell wants completed is no command line yet.
        var isCompletion = args is [var first, ..] && first.StartsWith("[suggest", StringComparison.Ordinal);
        if (parsed.Errors.Count > 0 && !isCompletion)
        {
            foreach (var error in parsed.Errors)
            {
                terminal.Complain(error.Message);
            }

            terminal.Error.MarkupLineInterpolated($"See: {CommandPath(parsed)} --help");
            return WrongUsage;
        }

        var configuration = new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            // Ctrl-C cancels; the command then has this long to put its things away.
            ProcessTerminationTimeout = TimeSpan.FromSeconds(40),
            Output = terminal.Out.Profile.Out.Writer,
            Error = terminal.Error.Profile.Out.Writer,
        };
        try
        {
            var code = await parsed.InvokeAsync(configuration, cancellation);
            if (parsed.Action is HelpAction) Examples.Write(parsed.CommandResult.Command, configuration.Output);
            return code;
        }
        catch (CommandFailure failure)
        {
            terminal.Complain(failure.Message);
            return failure.IsWrongUsage ? WrongUsage : Failed;
        }
        catch (RpcException failure)
        {
            terminal.Complain(RpcMessage.Of(failure));
            return Failed;
        }
        catch (OperationCanceledException)
        {
            terminal.Complain("Interrupted.");
            return Failed;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            terminal.Complain(failure.Message);
            return Failed;
        }
    }

    private static string CommandPath(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (var result = parsed.CommandResult; result is not null; result = result.Parent as System.CommandLine.Parsing.CommandResult)
        {
            names.Push(result.Command is RootCommand ? "topfive" : result.Command.Name);
        }

        return string.Join(' ', names);
    }
}
