using Topfive.Backbones;

namespace Topfive.TestKit;

/// <summary>The real backbone, fetched and imported once a clone.</summary>
public static class TestBackbone
{
    private static readonly Lazy<Task<string>> Model = new(PrepareAsync);

    /// <summary>The TF.js model that it is imported from, once <see cref="ModelAsync"/> has been awaited.</summary>
    public static string SourceDirectory => Path.Combine(Repository.Root, "models", "tfjs", "inception_v3");

    /// <returns>Path of models/inception_v3.onnx; its head inception_v3.head.onnx stands beside it.</returns>
    public static Task<string> ModelAsync() => Model.Value;

    private static async Task<string> PrepareAsync()
    {
        var folder = Path.Combine(Repository.Root, "models");
        var model = Path.Combine(folder, "inception_v3.onnx");
        using var alone = await Repository.LockAsync(Path.Combine(folder, "lock"));
        await Repository.RunAsync(folder, "bash", "fetch");
        if (!IsCurrent(model)) BackboneImporter.ImportTfjs(SourceDirectory, model);
        return model;
    }

    private static bool IsCurrent(string model)
    {
        try
        {
            return File.Exists(model) && File.Exists(BackboneImporter.HeadFile(model)) && BackboneFile.Read(model).ImporterVersion == BackboneImporter.Version;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }
}
