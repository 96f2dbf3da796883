using System.CommandLine;

namespace Topfive.Cli;

/// <summary>The options of the commands that start the services themselves.</summary>
internal sealed class HostingOptions
{
    private readonly Option<int?> _port = Numbers.Option<int>(
        "--port",
        "The Gateway's gRPC port; the other five follow from it (FeatureService +1, ClassifierService +2, HTTP +10); 0: any free ones [default: 8080]",
        "0 to 65,000", value => value is >= 0 and <= 65_000);

    private readonly Option<string?> _model = new("--model")
    {
        Description = "The backbone's .onnx file [default: Backbone__Model, or models/inception_v3.onnx of the checkout, fetched when missing]",
    };

    private readonly Option<string> _data = new("--data")
    {
        Description = "Directory of the embedded store and the log; the store is not used when Store__ConnectionString names a Redis.",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("Store__DataDirectory") ?? "topfive-data",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_port);
        command.Options.Add(_model);
        command.Options.Add(_data);
    }

    /// <returns>What was asked for, as it is; no model: the checkout's.</returns>
    public (int Port, string? ModelPath, string DataDirectory) Asked(ParseResult parsed) =>
        (parsed.GetValue(_port) ?? 8080, parsed.GetValue(_model) ?? Environment.GetEnvironmentVariable("Backbone__Model"), parsed.GetRequiredValue(_data));

    /// <summary>The options, with a backbone that is there.</summary>
    public async Task<TopfiveOptions> ReadAsync(ParseResult parsed, Terminal terminal, CancellationToken cancellation) => new()
    {
        Port = parsed.GetValue(_port) ?? 8080,
        DataDirectory = parsed.GetRequiredValue(_data),
        StoreConnectionString = Environment.GetEnvironmentVariable("Store__ConnectionString"),
        ModelPath = await BackboneModel.EnsureAsync(
            parsed.GetValue(_model) ?? Environment.GetEnvironmentVariable("Backbone__Model"), terminal, cancellation),
    };
}
