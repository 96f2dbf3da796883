using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace Topfive.Cli;

/// <summary>Options that are numbers within limits: anything else is wrong usage, and the message names the limits.</summary>
internal static class Numbers
{
    /// <param name="name">E.g. --epochs.</param>
    /// <param name="description">Says the default too.</param>
    /// <param name="rule">Ends the sentence "--epochs must be ".</param>
    /// <param name="isRight">Whether a number keeps the rule.</param>
    /// <returns>Null when the option is not given.</returns>
    public static Option<T?> Option<T>(string name, string description, string rule, Func<T, bool> isRight)
        where T : struct, INumber<T> =>
        new(name) { Description = description, CustomParser = result => Parse(result, name, rule, isRight) };

    public static Argument<T?> Argument<T>(string name, string description, string rule, Func<T, bool> isRight)
        where T : struct, INumber<T> =>
        new(name) { Description = description, Arity = ArgumentArity.ExactlyOne, CustomParser = result => Parse(result, name, rule, isRight) };

    private static T? Parse<T>(ArgumentResult result, string name, string rule, Func<T, bool> isRight) where T : struct, INumber<T>
    {
        var text = result.Tokens[0].Value;
        if (T.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && isRight(number))
        {
            return number;
        }

        result.AddError($"{name} must be {rule}; it is {text}.");
        return null;
    }
}
