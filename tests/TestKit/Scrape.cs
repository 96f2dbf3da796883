using System.Globalization;
using System.Text.RegularExpressions;

namespace Topfive.TestKit;

/// <summary>One number of a scrape.</summary>
/// <param name="Name">As Prometheus stores it.</param>
/// <param name="Labels">By name.</param>
/// <param name="Value">The number.</param>
public sealed record Sample(string Name, IReadOnlyDictionary<string, string> Labels, double Value);

/// <summary>What <c>/metrics</c> answers, in Prometheus' text format.</summary>
public sealed partial class Scrape
{
    private Scrape(string text)
    {
        Text = text;
        Samples = [.. Line().Matches(text).Select(line => new Sample(
            line.Groups["name"].Value,
            Label().Matches(line.Groups["labels"].Value).ToDictionary(label => label.Groups[1].Value, label => label.Groups[2].Value),
            double.Parse(line.Groups["value"].ValueSpan, CultureInfo.InvariantCulture)))];
    }

    public string Text { get; }

    /// <summary>What is measured: a histogram is one, and has several samples.</summary>
    public IReadOnlyList<string> Families => [.. Family().Matches(Text).Select(family => family.Groups[1].Value)];

    public IReadOnlyList<Sample> Samples { get; }

    /// <param name="http">A service's HTTP address.</param>
    public static async Task<Scrape> OfAsync(Uri http)
    {
        using var client = new HttpClient();
        return new Scrape(await client.GetStringAsync(new Uri(http, "/metrics")));
    }

    /// <summary>The sum of the samples that have these labels; 0 when there are none.</summary>
    public double Sum(string name, params (string Name, string Value)[] labels) => Samples
        .Where(sample => sample.Name == name && labels.All(label => sample.Labels.GetValueOrDefault(label.Name) == label.Value))
        .Sum(sample => sample.Value);

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][\w:]*)(\{(?<labels>[^}]*)\})? (?<value>\S+)( \d+)?$""", RegexOptions.Multiline)]
    private static partial Regex Line();

    /// <summary>Labels of a family's samples, but for the bounds of a histogram.</summary>
    public IEnumerable<string> LabelsOf(string family) => Samples
        .Where(sample => sample.Name == family || (sample.Name.StartsWith(family, StringComparison.Ordinal) && sample.Name[family.Length..] is "_bucket" or "_sum" or "_count"))
        .SelectMany(sample => sample.Labels.Keys).Where(label => label != "le").Distinct();

    [GeneratedRegex("^# TYPE (\\S+)", RegexOptions.Multiline)]
    private static partial Regex Family();

    [GeneratedRegex("(\\w+)=\"((?:[^\"\\\\]|\\\\.)*)\"")]
    private static partial Regex Label();
}
