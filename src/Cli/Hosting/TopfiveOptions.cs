namespace Topfive.Cli;

/// <summary>How <see cref="TopfiveProcess"/> starts.</summary>
public sealed record TopfiveOptions
{
    /// <summary>The backbone's .onnx file.</summary>
    public required string ModelPath { get; init; }

    /// <summary>Where the embedded store and the log live; made when missing.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>A Redis instead of the embedded store, in StackExchange.Redis' syntax.</summary>
    public string? StoreConnectionString { get; init; }

    /// <summary>
    /// The Gateway's gRPC port. The FeatureService takes the next one, the ClassifierService the one after, and
    /// their HTTP ports are ten higher. 0: any free ports.
    /// </summary>
    public int Port { get; init; } = 8080;

    /// <summary>Further settings for every service, e.g. <c>Limits:MaxImageBytes</c>.</summary>
    public IReadOnlyDictionary<string, string?> Settings { get; init; } = new Dictionary<string, string?>();
}
