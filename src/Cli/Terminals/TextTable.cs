using Spectre.Console;

namespace Topfive.Cli;

internal static class TerminalTables
{
    /// <summary>An empty table; cells are plain text, never markup.</summary>
    public static TextTable Table(this Terminal terminal, params string[] columns) => new(terminal, columns);
}

/// <summary>A table of plain text: labels and messages come from users and may look like markup.</summary>
internal sealed class TextTable
{
    private readonly Terminal _terminal;
    private readonly Table _table;

    public TextTable(Terminal terminal, string[] columns)
    {
        _terminal = terminal;
        _table = new Table().Border(terminal.IsInteractive ? TableBorder.Rounded : TableBorder.Simple);
        foreach (var column in columns)
        {
            _table.AddColumn(new TableColumn(new Text(column)));
        }
    }

    public void Row(params string[] cells) => _table.AddRow(cells.Select(cell => new Text(cell)));

    /// <summary>When it was, in the reader's own time zone.</summary>
    public static string Local(Google.Protobuf.WellKnownTypes.Timestamp? time) =>
        time is null ? "" : time.ToDateTimeOffset().ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss");

    /// <summary>A fraction as a percentage, or nothing.</summary>
    public static string Percent(float? fraction) => fraction is { } value ? $"{value:P1}" : "";

    public void Show() => _terminal.Out.Write(_table);
}
