using System.Globalization;
using Google.Protobuf;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>Writes a report: <c>report.md</c> and the figures that it shows, in one folder.</summary>
/// <param name="report">What is known.</param>
/// <param name="folder">Made when it is missing; figures of an earlier report in it are replaced.</param>
/// <param name="images">Files of images by their hash, for those that are shown; may be empty.</param>
internal sealed class ReportWriter(HeadReport report, string folder, IReadOnlyDictionary<ByteString, string> images)
{
    private const string Page = "report.md";
    private const string Curves = "curves.png";
    private const string Reliability = "reliability.png";
    private const string Confusion = "confusion.png";
    private const string Mistakes = "mistakes.png";

    private readonly MarkdownPage _page = new();
    private readonly List<string> _files = [];

    /// <returns>The files that were written, the page first.</returns>
    public IReadOnlyList<string> Write()
    {
        Directory.CreateDirectory(folder);
        var head = report.Head;
        _page.Title($"Head {head.Head_}, version {head.Version}");
        _page.Say($"{Standing(head)}. {head.Labels.Count} labels, {head.Parameters:N0} parameters, made {Time(head.Created)}. Probabilities are as served, images are validation images, and image hashes are cut to 16 digits unless something else is said.");

        TrainingSection.Write(_page, report);
        RunSection.Write(_page, report, DrawCurves());
        EvaluationSection.Write(_page, head.Evaluation, DrawReliability(), DrawConfusion());
        PromotionSection.Write(_page, report);
        GrowingSection.Write(_page, report);
        UnknownSection.Write(_page, report);
        EvidenceSection.Write(_page, report, DrawMistakes());
        var page = Path.Combine(folder, Page);
        _page.Save(page);
        return [page, .. _files];
    }

    /// <summary>When it was, the same wherever it is read.</summary>
    public static string Time(Google.Protobuf.WellKnownTypes.Timestamp? time) =>
        time is null ? "" : time.ToDateTimeOffset().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    public static string Hash(ByteString hash) => Convert.ToHexStringLower(hash.Span)[..Math.Min(16, hash.Length * 2)];

    private string Standing(Head head) =>
        head.Live ? "Live" : report.Versions.FirstOrDefault(version => version.Live) is { } live ? $"Not live; version {live.Version} is" : "Not live; no version is";

    private string? DrawCurves() =>
        Draw(Curves, report.Result is { Epochs.Count: > 0 }, file => TrainingCurves.Save(file, $"{report.Head.Head_} {report.Head.Version}", report.Result!.Epochs));

    private string? DrawReliability() =>
        Draw(Reliability, report.Head.Evaluation?.CalibrationServed is not null, file => EvaluationFigure.SaveReliability(file, report.Head.Evaluation!));

    private string? DrawConfusion() =>
        Draw(Confusion, report.Head.Evaluation?.Confusion is not null, file => EvaluationFigure.SaveConfusion(file, report.Head.Evaluation!));

    private string? DrawMistakes()
    {
        var known = report.Evidence.Where(evidence => images.ContainsKey(evidence.Mistake.ImageHash)).ToList();
        return Draw(Mistakes, known.Count > 0, file => MistakesFigure.Save(file, known, images));
    }

    /// <returns>The figure's name; null when there is nothing to draw.</returns>
    private string? Draw(string name, bool isThere, Action<string> save)
    {
        if (!isThere)
        {
            return null;
        }

        var file = Path.Combine(folder, name);
        save(file);
        _files.Add(file);
        return name;
    }
}
