using System.Globalization;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>What a version was made of.</summary>
internal static class TrainingSection
{
    public static void Write(MarkdownPage page, HeadReport report)
    {
        page.Section($"Training");
        if (report.Head.Recipe is not { } recipe)
        {
            page.Say($"Imported: nothing is known of its training.");
            return;
        }

        page.Table(["", ""], Facts(report, recipe).Select(fact => new[] { fact.Name, fact.Value }));
        if (report.DatasetChanged)
        {
            page.Say($"Dataset {report.Head.Dataset} has changed since: it now has {report.Dataset!.TrainingExamples:N0} training and {report.Dataset.ValidationExamples:N0} validation images of {report.Dataset.Labels.Count} labels.");
        }
    }

    private static IEnumerable<(string Name, string Value)> Facts(HeadReport report, Recipe recipe)
    {
        var head = report.Head;
        yield return ("dataset", Text($"{head.Dataset}, digest {Start(head.DatasetDigest)}"));
        if (report.Dataset is { } dataset && !report.DatasetChanged)
        {
            yield return ("images", Text($"{dataset.TrainingExamples:N0} training{Copies(dataset)}, {dataset.ValidationExamples:N0} validation"));
        }

        yield return ("hidden layers", recipe.HiddenUnits.Count == 0 ? "none" : Text($"{string.Join(", ", recipe.HiddenUnits)} units; dropout {recipe.Dropout}"));
        yield return ("optimizer", Text($"{RpcMessage.Name(recipe.Optimizer)}, learning rate {recipe.LearningRate}; batches of {recipe.BatchSize}"));
        yield return ("epochs", Epochs(report, recipe));
        if (report.Result is { Epochs.Count: > 0 } result)
        {
            yield return ("seconds an epoch", Seconds(result.Epochs));
        }

        if (recipe.LabelSmoothing > 0) yield return ("label smoothing", Text($"{recipe.LabelSmoothing}"));
        if (recipe.ClassWeights is { } weights) yield return ("class weights", weights.Balanced ? "balanced" : Text($"{weights.Weights.Count} labels have one of their own"));
        if (recipe.WarmStart is { } start) yield return ("begun from", Text($"version {start.Version}"));
        yield return ("seed", Text($"{recipe.Seed}"));
        yield return ("backbone", Start(head.BackboneFingerprint));
        if (head.Manifest is { } manifest)
        {
            yield return ("trainer", Text($"{manifest.TrainerVersion} on {manifest.Runtime}; split {Start(manifest.SplitDigest)}, vectors {Start(manifest.VectorsDigest)}, model {Start(manifest.ModelDigest)}"));
        }
    }

    private static string Epochs(HeadReport report, Recipe recipe)
    {
        var kept = report.Result?.Finished.Epoch ?? 0;
        var ran = report.Result?.Epochs.Count ?? recipe.Epochs;
        return kept > 0 && kept < ran ? Text($"{ran} of {recipe.Epochs}; the weights are those of epoch {kept}") : Text($"{ran}");
    }

    private static string Seconds(IReadOnlyList<Epoch> epochs)
    {
        var sorted = epochs.Select(epoch => epoch.Seconds).Order().ToArray();
        return Text($"{sorted[sorted.Length / 2]:0.00} (the median; {sorted[0]:0.00} to {sorted[^1]:0.00})");
    }

    private static string Copies(Dataset dataset) => dataset.AugmentedCopies == 0 ? "" : Text($" ({dataset.AugmentedCopies:N0} of them augmented copies)");

    private static string Start(string digest) => digest[..Math.Min(12, digest.Length)];

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
