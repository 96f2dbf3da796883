using System.Globalization;
using Microsoft.AspNetCore.Components;

namespace Topfive.Consoles;

/// <summary>A figure of each epoch, in training and in validation, as two lines.</summary>
public sealed partial class Curves
{
    private const int Width = 520, Height = 240, Left = 48, Right = 20, Top = 10, Bottom = 34;

    /// <summary>A line is drawn through no more points: nobody sees more.</summary>
    private const int MostPoints = 400;

    private double[] _ticks = [];
    private int[] _epochTicks = [];
    private double _low, _high;

    [Parameter, EditorRequired]
    public string Title { get; set; } = "";

    /// <summary>One an epoch.</summary>
    [Parameter, EditorRequired]
    public IReadOnlyList<double> Training { get; set; } = [];

    /// <summary>Empty where the dataset has no validation images.</summary>
    [Parameter, EditorRequired]
    public IReadOnlyList<double> Validation { get; set; } = [];

    /// <summary>How many epochs the run may have.</summary>
    [Parameter]
    public int Epochs { get; set; } = 1;

    /// <summary>True: fractions, shown as percent.</summary>
    [Parameter]
    public bool Percent { get; set; }

    private int Last => Math.Max(Math.Max(Training.Count, Validation.Count), Math.Max(1, Epochs));

    private string Sentence => Training.Count == 0 ? $"{Title}: no epoch yet"
        : $"{Title} after epoch {Training.Count} of {Last}: training {Format(Training[^1], exact: true)}" + (Validation.Count > 0 ? $", validation {Format(Validation[^1], exact: true)}" : "");

    protected override void OnParametersSet()
    {
        double[] all = [.. Training.Concat(Validation).Where(double.IsFinite)];
        (_low, _high) = all.Length == 0 ? (0, 1) : (all.Min(), all.Max());
        var step = Step((_high - _low) / 4);
        _low = Math.Floor(_low / step) * step;
        _high = Math.Max(Math.Ceiling(_high / step) * step, _low + step);
        if (Percent) (_low, _high) = (Math.Max(0, _low), Math.Min(1, _high));
        _ticks = [.. Enumerable.Range(0, 1 + (int)Math.Round((_high - _low) / step)).Select(i => _low + (i * step)).Where(tick => tick <= _high + 1e-9)];
        var epochStep = Math.Max(1, (int)Step(Last / 6.0));
        _epochTicks = [1, .. Enumerable.Range(1, Last / epochStep).Select(i => i * epochStep).Where(epoch => epoch > 1)];
    }

    /// <returns>1, 2 or 5 times a power of ten, no less than asked.</returns>
    private static double Step(double atLeast)
    {
        if (!(atLeast > 1e-6)) return 0.05;
        var power = Math.Pow(10, Math.Floor(Math.Log10(atLeast)));
        return (atLeast / power) switch { <= 1.0001 => power, <= 2.0001 => 2 * power, <= 5.0001 => 5 * power, _ => 10 * power };
    }

    private double X(int epoch) => Last == 1 ? Left : Left + ((epoch - 1) * (double)(Width - Left - Right) / (Last - 1));

    private double Y(double value) => Height - Bottom - ((Math.Clamp(double.IsFinite(value) ? value : _high, _low, _high) - _low) / (_high - _low) * (Height - Bottom - Top));

    private string Points(IReadOnlyList<double> values)
    {
        var stride = Math.Max(1, (int)Math.Ceiling(values.Count / (double)MostPoints));
        return string.Join(' ', Enumerable.Range(0, values.Count).Where(i => i % stride == 0 || i == values.Count - 1).Select(i => $"{F(X(i + 1))},{F(Y(values[i]))}"));
    }

    private string LastOf(IReadOnlyList<double> values) => values.Count == 0 ? "" : Format(values[^1], exact: true);

    private string Format(double value, bool exact = false) => Percent ? Words.Percent(value, exact ? 1 : 0) : value.ToString(exact ? "0.000" : "0.###", CultureInfo.InvariantCulture);

    private static string F(double number) => number.ToString("0.#", CultureInfo.InvariantCulture);
}
