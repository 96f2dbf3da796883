using System.ComponentModel.DataAnnotations;

namespace Topfive.Consoles;

/// <summary>The pages on the Gateway's HTTP port: configuration section <c>Console</c>.</summary>
public sealed class ConsoleOptions
{
    public const string Section = "Console";

    /// <summary>False: there are no pages. There are none either where callers must show certificates (Security__ClientCa): a browser shows none here.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>
    /// DNS names with commas between them by which browsers reach the console. localhost and IP addresses always may; another name could be a page's that
    /// points it at this machine.
    /// </summary>
    public string AllowedHosts { get; set; } = "";

    /// <summary>Pages that may be open at a time; each takes memory here.</summary>
    [Range(1, 10_000)]
    public int MaxPages { get; set; } = 100;

    internal string[] AllowedHostNames => AllowedHosts.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
