namespace Topfive.Cli;

internal static class BackboneModel
{
    public static Task<string> EnsureAsync(string? path, Terminal terminal, CancellationToken cancellation) =>
        Task.FromResult(path ?? Path.Combine(Repository.Root!, "models", "inception_v3.onnx"));
}
