using System.Text.Json;

namespace Topfive.Bench;

/// <summary>One measured figure.</summary>
/// <param name="Name">Its name, for a program that compares runs.</param>
/// <param name="Value">What was measured.</param>
/// <param name="Unit">Of the value.</param>
/// <param name="Limit">What it is held against: a demand, or what the machine allows; null when it is held against nothing.</param>
/// <param name="Note">What it is, for a reader.</param>
internal sealed record Figure(string Name, double Value, string Unit, double? Limit, string Note)
{
    private double? Ratio => Value / Limit;

    /// <summary>A table, then each figure as a line of JSON.</summary>
    public static void Print(IReadOnlyList<Figure> figures)
    {
        Console.WriteLine($"{"figure",-20} {"value",12} {"",-10} {"limit",10} {"ratio",6}");
        foreach (var figure in figures)
        {
            Console.WriteLine($"{figure.Name,-20} {Number(figure.Value),12} {figure.Unit,-10} {Number(figure.Limit),10} {figure.Ratio,6:F2}  {figure.Note}");
        }

        foreach (var figure in figures)
        {
            Console.WriteLine(JsonSerializer.Serialize(new { figure = figure.Name, value = figure.Value, limit = figure.Limit, ratio = figure.Ratio }));
        }
    }

    /// <summary>Seconds below ten need their hundredths.</summary>
    private static string Number(double? value) => value switch
    {
        null => "",
        < 10 => $"{value:N3}",
        _ => $"{value:N1}",
    };
}
