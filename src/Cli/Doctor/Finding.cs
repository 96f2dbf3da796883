namespace Topfive.Cli;

internal enum Condition
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Topfive runs without it, slower or with less.</summary>
    Warn,

    /// <summary>Topfive does not run without it.</summary>
    Missing,
}

/// <summary>What one look at the machine found.</summary>
/// <param name="Check">What was looked at; stays the same in every release.</param>
/// <param name="Condition">How bad it is.</param>
/// <param name="Found">What is there.</param>
/// <param name="Mend">The command or setting that mends it; null: nothing has to be mended.</param>
internal sealed record Finding(string Check, Condition Condition, string Found, string? Mend = null)
{
    public static Finding Ok(string check, string found) => new(check, Condition.Ok, found);

    public static Finding Warn(string check, string found, string mend) => new(check, Condition.Warn, found, mend);

    public static Finding Missing(string check, string found, string mend) => new(check, Condition.Missing, found, mend);
}
