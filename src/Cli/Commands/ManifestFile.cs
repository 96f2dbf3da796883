using Google.Protobuf;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>A version's manifest as a JSON file that can be kept, compared and trained again.</summary>
internal static class ManifestFile
{
    public static void Write(string path, Manifest manifest) => File.WriteAllText(path, ProtoJson.Text(manifest) + "\n");

    public static async Task<Manifest> ReadAsync(string path, CancellationToken cancellation)
    {
        if (!File.Exists(path))
        {
            throw new CommandFailure($"There is no file {path}.");
        }

        try
        {
            return Manifest.Parser.ParseJson(await File.ReadAllTextAsync(path, cancellation));
        }
        catch (Exception failure) when (failure is InvalidJsonException or InvalidProtocolBufferException)
        {
            throw new CommandFailure($"{path} is no manifest as `topfive heads show HEAD --manifest FILE` writes it: {failure.Message}", failure);
        }
    }
}
