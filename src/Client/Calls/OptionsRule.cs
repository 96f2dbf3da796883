using Microsoft.Extensions.Options;

namespace Topfive.Client;

/// <summary>What the person who sets the options calls them: a command line has other words for them than code.</summary>
internal sealed record OptionNames(
    string Address, string ApiKey, string Token, string Files, string AllowPlaintext)
{
    public static OptionNames OfCode { get; } = new(
        nameof(TopfiveClientOptions.Address), nameof(TopfiveClientOptions.ApiKey),
        $"{nameof(TopfiveClientOptions.Token)} or {nameof(TopfiveClientOptions.TokenProvider)}",
        $"{nameof(TopfiveClientOptions.CaFile)}, {nameof(TopfiveClientOptions.ClientCertificateFile)}, {nameof(TopfiveClientOptions.ClientKeyFile)}",
        $"{nameof(TopfiveClientOptions.AllowPlaintext)} = true");
}

/// <summary>Options that do not go together, or would let others read a secret, make no client.</summary>
internal sealed class OptionsRule : IValidateOptions<TopfiveClientOptions>
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    public ValidateOptionsResult Validate(string? name, TopfiveClientOptions options) =>
        Problem(options, OptionNames.OfCode) is { } problem ? ValidateOptionsResult.Fail(problem) : ValidateOptionsResult.Success;

    /// <returns>What has to be changed, in the words of whom it is told to; null: nothing.</returns>
    public static string? Problem(TopfiveClientOptions options, OptionNames names)
    {
        if (GatewayAddress.TryParse(options, out var address) is false)
        {
            return $"{names.Address} must be http://host:port, https://host:port, several of one of them with commas between, or dns:///host:port; it is {options.Address}.";
        }

        var secrets = options.ApiKey + options.Token;
        var hasToken = options.Token.Length > 0 || options.TokenProvider is not null;
        if (options.Token.Length > 0 && options.TokenProvider is not null) return $"{names.Token}: one of them, not both.";
        if (options.ApiKey.Length > 0 && hasToken) return $"A key and a token are given ({names.ApiKey}; {names.Token}): the Gateway wants one of them.";
        if (secrets.Any(c => c is <= ' ' or > '~')) return "The key or token has a character in it that none has: was it copied whole, and without quotes?";
        if ((options.ApiKey.Length > 0 || hasToken) && address is { IsTls: false, IsThisMachine: false } && !options.AllowPlaintext)
        {
            return $"The key or token would be readable on its way to {options.Address}: use https://, or {names.AllowPlaintext} where something else encrypts.";
        }

        if (address is { IsTls: false, IsThisMachine: false } && (options.CaFile + options.ClientCertificateFile + options.ClientKeyFile).Length > 0)
        {
            return $"A CA or a certificate is given, and {options.Address} is called without TLS: use https://.";
        }

        if (ClientTls.Problem(options.CaFile, options.ClientCertificateFile, options.ClientKeyFile) is { } problem) return $"{names.Files}: {problem}";
        if (options.Timeout <= TimeSpan.Zero) return $"{nameof(options.Timeout)} must be above 0, or null; it is {options.Timeout}.";
        if (options.MaxAttempts is < 1 or > 5) return $"{nameof(options.MaxAttempts)} must be 1 to 5; it is {options.MaxAttempts}.";
        return options.RetryDelay <= TimeSpan.Zero || options.RetryDelay > LongestDelay
            ? $"{nameof(options.RetryDelay)} must be above 0 and at most 5 s; it is {options.RetryDelay}."
            : null;
    }
}
