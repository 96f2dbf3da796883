using Spectre.Console;

namespace Topfive.Cli;

/// <summary>Where a command writes: results to <see cref="Out"/>, complaints to <see cref="Error"/>.</summary>
public sealed class Terminal
{
    // Nothing is wrapped where no one looks at a window: one message stays one line in a log or a pipe.
    private const int Unwrapped = 1000;

    private Terminal(IAnsiConsole output, IAnsiConsole error) => (Out, Error) = (output, error);

    public IAnsiConsole Out { get; }

    public IAnsiConsole Error { get; }

    /// <summary>True when a person watches: bars move and colours show. Otherwise everything is plain lines.</summary>
    public bool IsInteractive => Out.Profile.Out.IsTerminal && Out.Profile.Capabilities.Ansi;

    /// <summary>The process's own standard output and error.</summary>
    public static Terminal OfProcess() =>
        new(Create(Console.Out, Console.IsOutputRedirected), Create(Console.Error, Console.IsErrorRedirected));

    /// <summary>Plain lines into writers, as a pipe or a log file gets them.</summary>
    public static Terminal Plain(TextWriter output, TextWriter error) => new(Create(output, true), Create(error, true));

    /// <summary>The same, with everything said on standard error: results are a program's to read.</summary>
    public Terminal WithoutResults() => new(Error, Error);

    public void Say(FormattableString markup) => Out.MarkupLineInterpolated(markup);

    public void Complain(string message) => Error.MarkupLineInterpolated($"[red]{message}[/]");

    private static IAnsiConsole Create(TextWriter writer, bool redirected)
    {
        var settings = new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) };
        if (redirected)
        {
            settings.Ansi = AnsiSupport.No;
            settings.ColorSystem = ColorSystemSupport.NoColors;
            settings.Interactive = InteractionSupport.No;
        }

        var console = AnsiConsole.Create(settings);
        if (redirected)
        {
            console.Profile.Width = Unwrapped;
        }

        return console;
    }
}
