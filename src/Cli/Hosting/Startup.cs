using Topfive.Backbones;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary>Starts everything and sees to it that the backbone's own head is there to predict with.</summary>
internal static class Startup
{
    public static async Task<TopfiveProcess> StartAsync(TopfiveOptions options, Terminal terminal, CancellationToken cancellation)
    {
        terminal.Say($"Starting the services and their store");
        var process = await TopfiveProcess.StartAsync(options, cancellation);
        try
        {
            // Past the Gateway, which may ask for a key; it has the same methods.
            using var gateway = new TopfiveClient(process.ClassifierAddress.ToString());
            await ImportOwnHeadAsync(gateway, options.ModelPath, terminal, cancellation);
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>The dense head that came with the backbone's weights becomes a live head, unless the store has it already.</summary>
    private static async Task ImportOwnHeadAsync(
        TopfiveClient gateway, string modelPath, Terminal terminal, CancellationToken cancellation)
    {
        var file = BackboneImporter.HeadFile(modelPath);
        var name = Path.GetFileNameWithoutExtension(modelPath);
        if (!File.Exists(file) || await gateway.FindHeadAsync(name, cancellation) is not null)
        {
            return;
        }

        await using var model = File.OpenRead(file);
        var head = await gateway.ImportHeadAsync(name, model, promote: true, cancellation);
        terminal.Say($"Imported the backbone's own head \"{head.Head_}\" with {head.Labels.Count} labels");
    }
}
