using System.Buffers.Text;
using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Topfive.Cli;

/// <summary><c>topfive keys</c>: keys for callers of the Gateway.</summary>
internal sealed class KeysCommand : Command
{
    public KeysCommand(Terminal terminal)
        : base("keys", "Keys for callers of the Gateway.") => Subcommands.Add(new NewKeyCommand(terminal));
}

/// <summary><c>topfive keys new</c>: a key, and the settings by which the Gateway knows it. The key is kept nowhere.</summary>
internal sealed class NewKeyCommand : Command
{
    /// <summary>As many random bits as there are in its hash: nobody can try them all, and so it needs no slow one.</summary>
    private const int KeyBytes = 32;

    private static readonly string[] Roles = ["predict", "ingest", "train", "admin"];

    private readonly Terminal _terminal;
    private readonly Option<string> _name = new("--name") { Description = "Whose it is: stands in refusals, in the log and in the history of promotions", Required = true };
    private readonly Option<string> _roles = new("--roles") { Description = "Some of predict, ingest, train, admin, with commas between them", Required = true };
    private readonly Option<bool> _json = new("--json") { Description = "Write key and settings as one line of JSON" };
    private readonly Option<int?> _index = Numbers.Option<int>("--index", "Which of the Gateway's keys it is [default: 0]", "0 to 999", value => value is >= 0 and <= 999);

    public NewKeyCommand(Terminal terminal)
        : base("new", "Makes a key, and prints it once with the settings by which the Gateway knows it.")
    {
        _terminal = terminal;
        Options.Add(_name);
        Options.Add(_roles);
        Options.Add(_index);
        Options.Add(_json);
        SetAction(parsed => Run(parsed));
    }

    private int Run(ParseResult parsed)
    {
        var roles = parsed.GetRequiredValue(_roles).Split(',', StringSplitOptions.TrimEntries);
        if (roles.FirstOrDefault(role => !Roles.Contains(role)) is { } unknown)
        {
            throw CommandFailure.WrongUsage($"--roles has '{unknown}' in it; roles are {string.Join(", ", Roles)}.");
        }

        var key = $"tf_{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(KeyBytes))}";
        var setting = $"Security__ApiKeys__{parsed.GetValue(_index) ?? 0}";
        var settings = new JsonObject
        {
            [$"{setting}__Name"] = parsed.GetRequiredValue(_name),
            [$"{setting}__Sha256"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key))),
            [$"{setting}__Roles"] = string.Join(',', roles),
        };
        if (parsed.GetValue(_json))
        {
            _terminal.Out.Profile.Out.Writer.WriteLine(ProtoJson.Line(new JsonObject { ["key"] = key, ["settings"] = settings }));
            return 0;
        }

        _terminal.Say($"The key, shown this once (TOPFIVE_API_KEY, or x-api-key in a call's metadata):");
        _terminal.Say($"{key}");
        _terminal.Say($"The Gateway's settings, in which it is not:");
        foreach (var (name, value) in settings) _terminal.Say($"{name}={value}");
        return 0;
    }
}
