using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>What the suspected label errors of an evaluation are worth, in words.</summary>
internal static class LabelErrorWords
{
    public static string Of(Evaluation evaluation) => evaluation switch
    {
        { SuspectedLabelErrorsFound: 0 } => "None: no validation image looks as if its label were wrong.",
        { LabelErrorEvidence: LabelErrorEvidence.HeadTooWeak } =>
            $"No evidence of label errors. Confident learning would suspect {evaluation.SuspectedLabelErrorsFound:N0} of {evaluation.ValidationExamples:N0} images, which says that the head is too weak to judge labels, not that so many are wrong; the likeliest of them, to look at if at all:",
        _ => $"Estimated by confident learning: {evaluation.SuspectedLabelErrorsFound:N0} of {evaluation.ValidationExamples:N0} images. Each is a question to a person, never a correction; the likeliest first:",
    };
}
