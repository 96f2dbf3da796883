using System.CommandLine;

namespace Topfive.Cli;

/// <summary>The command line's table of contents.</summary>
public static class Program
{
    public static Task<int> Main(string[] args) => RunAsync(args, Terminal.OfProcess());

    /// <summary>Runs one command line.</summary>
    /// <returns>The exit code: 0 done, 1 failed, 2 wrong usage.</returns>
    public static Task<int> RunAsync(string[] args, Terminal terminal, CancellationToken cancellation = default) =>
        Commands(terminal).RunAsync(args, terminal, cancellation);

    /// <summary>Every command.</summary>
    internal static RootCommand Commands(Terminal terminal) =>
        new("Topfive: an image goes in, the five most likely labels come out.")
        {
            new UpCommand(terminal),
            new DemoCommand(terminal),
            new BackboneCommand(terminal),
            new ImportCommand(terminal),
            new TrainCommand(terminal),
            new PredictCommand(terminal),
            new CompareCommand(terminal),
            new HeadsCommand(terminal),
            new RunsCommand(terminal),
            new ReportCommand(terminal),
            new DatasetsCommand(terminal),
            new PromoteCommand(terminal),
            new RollbackCommand(terminal),
            new ExportCommand(terminal),
            new KeysCommand(terminal),
            new DoctorCommand(terminal),
            new CompletionCommand(terminal),
        };
}
