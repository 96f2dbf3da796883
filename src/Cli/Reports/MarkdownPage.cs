using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Topfive.Cli;

/// <summary>A page of Markdown, as code hosts show it. What users named (labels, heads, reasons) is text and never markup.</summary>
internal sealed partial class MarkdownPage
{
    private readonly StringBuilder _text = new();

    public void Title(FormattableString text) => Block($"# {Render(text)}");

    public void Section(FormattableString text) => Block($"## {Render(text)}");

    public void Part(FormattableString text) => Block($"### {Render(text)}");

    public void Say(FormattableString text) => Block(Render(text));

    /// <summary>A PNG beside the page.</summary>
    public void Figure(string file, string shows) => Block($"![{Escape(shows)}]({file})");

    /// <param name="columns">Their names; one that begins with "&gt;" holds numbers, and is set to the right.</param>
    /// <param name="rows">As many cells each; none: nothing is written.</param>
    public void Table(string[] columns, IEnumerable<string[]> rows)
    {
        var cells = rows.ToList();
        if (cells.Count == 0)
        {
            return;
        }

        var lines = new StringBuilder();
        lines.Append(Row(columns.Select(column => column.TrimStart('>'))));
        lines.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", columns.Select(column => column.StartsWith('>') ? "---:" : "---"))} |\n");
        foreach (var row in cells)
        {
            lines.Append(Row(row));
        }

        Block(lines.ToString().TrimEnd('\n'));
    }

    public void Save(string path) => File.WriteAllText(path, _text.ToString().TrimEnd('\n') + "\n");

    /// <summary>A text as Markdown that shows just that text.</summary>
    public static string Escape(string text) => Markup().Replace(text.ReplaceLineEndings(" "), @"\$0");

    private static string Row(IEnumerable<string> cells) => $"| {string.Join(" | ", cells.Select(Escape))} |\n";

    private static string Render(FormattableString text) => string.Format(
        CultureInfo.InvariantCulture, text.Format, [.. text.GetArguments().Select(argument => argument is string words ? Escape(words) : argument)]);

    private void Block(string text) => _text.Append(text).Append("\n\n");

    [GeneratedRegex(@"[\\`*_{}\[\]<>#|~&$]")]
    private static partial Regex Markup();
}
