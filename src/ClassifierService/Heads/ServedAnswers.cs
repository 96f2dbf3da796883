using System.Buffers;
using Topfive.Classifier.V1;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>What a head, as it would be served, answers to the validation examples of a run.</summary>
/// <param name="Figures">Over all of them.</param>
/// <param name="RightByLabel">How many of each of the run's labels it names right.</param>
internal sealed record ServedAnswers(PromotionFigures Figures, int[] RightByLabel)
{
    private const int TopCount = 5;

    // Keras' epsilon: a label that a head does not know costs 16.1 nats and not infinitely many.
    private const double SmallestProbability = 1e-7;

    /// <param name="head">Reads vectors of the data's backbone; its labels may be others than the data's.</param>
    /// <param name="data">With validation rows.</param>
    /// <param name="threads">How many to use.</param>
    /// <param name="cancellation">Checked between examples.</param>
    public static ServedAnswers Of(ServingHead head, TrainingData data, int threads, CancellationToken cancellation)
    {
        var ofHead = head.Labels.Index().ToDictionary(label => label.Item, label => label.Index, StringComparer.Ordinal);
        var indexes = data.Labels.Select(label => ofHead.GetValueOrDefault(label, -1)).ToArray();
        var answers = new (int Rank, double Loss)[data.ValidationRows.Length];
        Parallel.For(
            0, answers.Length, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation },
            example =>
            {
                var row = data.ValidationRows[example];
                answers[example] = Answer(head, data.Row(row), indexes[data.LabelIndexes[row]]);
            });
        return Sum(data, answers);
    }

    private static (int Rank, double Loss) Answer(ServingHead head, ReadOnlySpan<float> vector, int trueLabel)
    {
        var unknown = (int.MaxValue, -Math.Log(SmallestProbability));
        if (trueLabel < 0) return unknown;
        var buffer = ArrayPool<float>.Shared.Rent(head.Labels.Count);
        try
        {
            var probabilities = buffer.AsSpan(0, head.Labels.Count);
            head.Score(vector, probabilities);
            var own = probabilities[trueLabel];
            var rank = 0;
            for (var label = 0; label < probabilities.Length; label++)
            {
                if (probabilities[label] > own || (probabilities[label] == own && label < trueLabel)) rank++;
            }

            return (rank, -Math.Log(Math.Max(own, SmallestProbability)));
        }
        catch (Failure)
        {
            // It has no answer to this vector, which its callers would hear too.
            return unknown;
        }
        finally
        {
            ArrayPool<float>.Shared.Return(buffer);
        }
    }

    private static ServedAnswers Sum(TrainingData data, (int Rank, double Loss)[] answers)
    {
        var right = new int[data.Labels.Count];
        for (var example = 0; example < answers.Length; example++)
        {
            if (answers[example].Rank == 0) right[data.LabelIndexes[data.ValidationRows[example]]]++;
        }

        return new ServedAnswers(
            new PromotionFigures
            {
                Accuracy = (float)((double)right.Sum() / answers.Length),
                Top5Accuracy = (float)((double)answers.Count(answer => answer.Rank < TopCount) / answers.Length),
                LogLoss = (float)answers.Average(answer => answer.Loss),
            },
            right);
    }
}
