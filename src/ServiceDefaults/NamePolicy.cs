using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace Topfive.ServiceDefaults;

/// <summary>What a new dataset, head or label may be called here: <see cref="NameRule"/>, and what the operator asks for besides. What is there already keeps its name.</summary>
public sealed class NamePolicy(IOptions<LimitOptions> options)
{
    private readonly LimitOptions _limits = options.Value;
    private readonly Regex? _pattern = options.Value.NamePattern.Length == 0 ? null : Compile(options.Value.NamePattern);

    /// <param name="name">The name itself.</param>
    /// <param name="item">What it names, for the message: "dataset", "head", "label".</param>
    /// <exception cref="Failure">INVALID_ARGUMENT, naming the item and the limit.</exception>
    public void Check(string name, string item)
    {
        NameRule.Check(name, item);
        if (name.Length > _limits.MaxNameLength)
        {
            throw Failure.InvalidInput($"{item} has {name.Length} characters; a new name has 1 to {_limits.MaxNameLength} here (Limits__MaxNameLength)");
        }

        if (_pattern?.IsMatch(name) == false)
        {
            throw Failure.InvalidInput($"{item} '{name}' is no name that is allowed here: new names match {_limits.NamePattern} (Limits__NamePattern)");
        }
    }

    /// <summary>In time that grows with the name and not with what the expression makes of it.</summary>
    internal static Regex Compile(string pattern) => new($@"\A(?:{pattern})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
}
