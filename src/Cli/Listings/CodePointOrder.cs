namespace Topfive.Cli;

/// <summary>
/// Names by code point, as Python's sort and UTF-8's bytes order them. .NET's ordinal order differs beyond the
/// basic plane (an emoji as a file name), and the split must not.
/// </summary>
internal sealed class CodePointOrder : IComparer<string>
{
    public static readonly CodePointOrder Instance = new();

    public int Compare(string? x, string? y)
    {
        if (x is null || y is null)
        {
            return Comparer<string>.Default.Compare(x, y);
        }

        for (var i = 0; i < Math.Min(x.Length, y.Length); i++)
        {
            if (x[i] != y[i])
            {
                return Rank(x[i]) - Rank(y[i]);
            }
        }

        return x.Length - y.Length;
    }

    // Surrogates stand for code points above every other char's.
    private static int Rank(char c) => char.IsSurrogate(c) ? c + 0x10000 : c;
}
