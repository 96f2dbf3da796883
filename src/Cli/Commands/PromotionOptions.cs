using System.CommandLine;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>The options that say when a run's version goes live.</summary>
internal sealed class PromotionOptions
{
    private readonly Option<bool> _promote = new("--promote")
    {
        Description = "Make the new version live if it beats the live one on the new one's validation images, which is the default",
    };

    private readonly Option<bool> _noPromote = new("--no-promote") { Description = "Leave the live version as it is" };

    private readonly Option<string?> _metric = new("--metric") { Description = "Beats by what: accuracy, top5 or log-loss [default: accuracy]" };

    private readonly Option<float?> _minGain = Numbers.Option<float>(
        "--min-gain", "Beats by more than this; below 0 it may be that much worse [default: 0]", "-10 to 10", value => value is >= -10 and <= 10);

    private readonly Option<float?> _maxRecallLoss = Numbers.Option<float>(
        "--max-recall-loss", "Fraction of its recall that any label may lose [default: 0.05]", "0 to 1", value => value is >= 0 and <= 1);

    public PromotionOptions() => _metric.AcceptOnlyFromAmong("accuracy", "top5", "log-loss");

    public void AddTo(Command command)
    {
        command.Options.Add(_promote);
        command.Options.Add(_noPromote);
        command.Options.Add(_metric);
        command.Options.Add(_minGain);
        command.Options.Add(_maxRecallLoss);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_promote) && result.GetValue(_noPromote))
            {
                result.AddError("--promote and --no-promote exclude each other.");
            }
        });
    }

    /// <summary>Puts what was asked for into a request.</summary>
    public void Read(ParseResult parsed, StartRunRequest request)
    {
        request.Promote = !parsed.GetValue(_noPromote);
        var rule = new PromotionRule
        {
            Metric = parsed.GetValue(_metric) switch
            {
                "accuracy" => PromotionMetric.Accuracy,
                "top5" => PromotionMetric.Top5Accuracy,
                "log-loss" => PromotionMetric.LogLoss,
                _ => PromotionMetric.Unspecified,
            },
        };
        if (parsed.GetValue(_minGain) is { } gain) rule.MinGain = gain;
        if (parsed.GetValue(_maxRecallLoss) is { } loss) rule.MaxRecallLoss = loss;
        if (!rule.Equals(new PromotionRule())) request.Promotion = rule;
    }
}
