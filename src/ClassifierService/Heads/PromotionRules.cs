using Topfive.Classifier.V1;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>What a promotion rule may say, and what it means where it says nothing.</summary>
internal static class PromotionRules
{
    public const float DefaultMaxRecallLoss = 0.05f;

    /// <returns>The rule with every default filled in.</returns>
    /// <exception cref="Failure">A value is out of its range.</exception>
    public static PromotionRule Complete(PromotionRule? asked)
    {
        var rule = asked?.Clone() ?? new PromotionRule();
        if (!Enum.IsDefined(rule.Metric))
        {
            throw Failure.InvalidInput($"promotion.metric {(int)rule.Metric} is unknown; ACCURACY is 1, TOP5_ACCURACY 2, LOG_LOSS 3");
        }

        if (rule.Metric == PromotionMetric.Unspecified) rule.Metric = PromotionMetric.Accuracy;
        if (!rule.HasMinGain) rule.MinGain = 0;
        if (!rule.HasMaxRecallLoss) rule.MaxRecallLoss = DefaultMaxRecallLoss;

        var gain = rule.Metric == PromotionMetric.LogLoss ? 10 : 1;
        if (!(MathF.Abs(rule.MinGain) <= gain))
        {
            throw Failure.InvalidInput($"promotion.min_gain is {rule.MinGain}; for {Name(rule.Metric)} it must be -{gain} to {gain}");
        }

        if (!(rule.MaxRecallLoss is >= 0 and <= 1))
        {
            throw Failure.InvalidInput($"promotion.max_recall_loss is {rule.MaxRecallLoss}; it must be 0 to 1");
        }

        return rule;
    }

    /// <summary>As the messages of a decision call it.</summary>
    public static string Name(PromotionMetric metric) => metric switch
    {
        PromotionMetric.Top5Accuracy => "top-5 accuracy",
        PromotionMetric.LogLoss => "log-loss",
        _ => "accuracy",
    };
}
