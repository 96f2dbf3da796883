using System.CommandLine;
using System.Globalization;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>Options that name heads, or versions of them, as NAME or NAME@VERSION.</summary>
internal static class HeadVersions
{
    public static Option<HeadVersion[]> Option(string name, string description) => new(name)
    {
        Description = description,
        Arity = ArgumentArity.OneOrMore,
        CustomParser = result =>
        {
            var named = new List<HeadVersion>();
            foreach (var token in result.Tokens)
            {
                if (Parse(token.Value) is { } head) named.Add(head);
                else result.AddError($"{name} must be a head's name or NAME@VERSION with a version from 1; it is {token.Value}.");
            }

            return [.. named];
        },
    };

    /// <summary>As the options take it.</summary>
    public static string Text(HeadVersion named) => named.Version == 0 ? named.Head : $"{named.Head}@{named.Version}";

    /// <returns>Null when it is neither NAME nor NAME@VERSION.</returns>
    public static HeadVersion? Parse(string text)
    {
        var at = text.LastIndexOf('@');
        if (at < 0) return new HeadVersion { Head = text };
        return long.TryParse(text.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var version) && version >= 1
            ? new HeadVersion { Head = text[..at], Version = version }
            : null;
    }
}
