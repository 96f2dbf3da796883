namespace Topfive.ServiceDefaults;

/// <summary>What a dataset, a head and a label may be called.</summary>
public static class NameRule
{
    public const int MaxLength = 200;

    /// <param name="name">The name itself.</param>
    /// <param name="item">What it names, for the message: "dataset", "head", "label".</param>
    /// <exception cref="Failure">INVALID_ARGUMENT, naming the item and the limit.</exception>
    public static void Check(string name, string item)
    {
        if (name.Length is 0 or > MaxLength)
        {
            throw Failure.InvalidInput($"{item} has {name.Length} characters; a name has 1 to {MaxLength}");
        }

        if (name.Any(char.IsControl))
        {
            throw Failure.InvalidInput($"{item} '{Printable(name)}' contains a control character; names may not");
        }
    }

    private static string Printable(string name) => string.Concat(name.Select(c => char.IsControl(c) ? '\uFFFD' : c));
}
