using System.CommandLine;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary>The options by which every command that asks the Gateway finds it, and says who asks.</summary>
internal sealed class ConnectionOptions
{
    private readonly Option<Uri> _address = new("--gateway")
    {
        Description = "Address of the Gateway",
        DefaultValueFactory = _ => new Uri("http://localhost:8080"),
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
            {
                return address;
            }

            result.AddError($"--gateway must be an address like http://localhost:8080; it is {text}.");
            return null;
        },
    };

    private readonly Option<string> _user = new("--user")
    {
        Description = "What the services note as who did it; nobody checks it",
        DefaultValueFactory = _ => Environment.UserName,
    };

    // Their values are no defaults of the options: --help would show them.
    private readonly Option<string?> _apiKey = new("--api-key") { Description = "Key for the Gateway; better in TOPFIVE_API_KEY, for other users of a machine can see command lines" };
    private readonly Option<string?> _token = new("--token") { Description = "JWT for the Gateway, instead of a key [TOPFIVE_TOKEN]" };
    private readonly Option<string?> _ca = new("--ca-file") { Description = "PEM file of the CAs to believe that the Gateway is the Gateway [TOPFIVE_CA_FILE]" };
    private readonly Option<string?> _certificate = new("--client-certificate") { Description = "PEM file of a certificate to show to the Gateway [TOPFIVE_CLIENT_CERTIFICATE]" };
    private readonly Option<string?> _certificateKey = new("--client-key") { Description = "PEM file of its private key [TOPFIVE_CLIENT_KEY]" };
    private readonly Option<bool> _allowPlaintext = new("--allow-plaintext") { Description = "Send the key or token to another machine without TLS" };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _address, _user, _apiKey, _token, _ca, _certificate, _certificateKey, _allowPlaintext }) command.Options.Add(option);
    }

    /// <exception cref="CommandFailure">What is given does not go together, or would let others read a secret.</exception>
    public TopfiveClientOptions Read(ParseResult parsed)
    {
        var options = new TopfiveClientOptions
        {
            Address = parsed.GetRequiredValue(_address).OriginalString,
            User = parsed.GetRequiredValue(_user),
            ApiKey = Given(parsed, _apiKey, "TOPFIVE_API_KEY"),
            Token = Given(parsed, _token, "TOPFIVE_TOKEN"),
            CaFile = Given(parsed, _ca, "TOPFIVE_CA_FILE"),
            ClientCertificateFile = Given(parsed, _certificate, "TOPFIVE_CLIENT_CERTIFICATE"),
            ClientKeyFile = Given(parsed, _certificateKey, "TOPFIVE_CLIENT_KEY"),
            AllowPlaintext = parsed.GetValue(_allowPlaintext),
            // A person waits as long as he likes: Ctrl-C is the deadline.
            Timeout = null,
        };
        return OptionsRule.Problem(options, Names) is { } problem ? throw CommandFailure.WrongUsage(problem) : options;
    }

    private static OptionNames Names { get; } = new(
        "--gateway", "--api-key, TOPFIVE_API_KEY", "--token, TOPFIVE_TOKEN", "--ca-file, --client-certificate, --client-key", "--allow-plaintext");

    private static string Given(ParseResult parsed, Option<string?> option, string variable) =>
        parsed.GetValue(option) ?? Environment.GetEnvironmentVariable(variable) ?? "";
}
