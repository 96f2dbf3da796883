namespace Topfive.ClassifierService;

/// <summary>What a head says about every validation example when it serves at a temperature.</summary>
internal sealed class ServedOutputs
{
    private readonly ValidationOutputs _outputs;
    private readonly double _scale;
    private readonly double[] _sums;

    public ServedOutputs(ValidationOutputs outputs, double temperature)
    {
        _outputs = outputs;
        _scale = 1 / temperature;
        _sums = [.. Enumerable.Range(0, outputs.Results.Length).Select(example => outputs.Moments(example, _scale).Sum)];
    }

    /// <summary>Mean categorical cross-entropy in nats.</summary>
    public float LogLoss => (float)_sums.Select((sum, example) => Math.Log(sum) - (_scale * _outputs.Logit(example, _outputs.TrueLabels[example]))).Average();

    /// <summary>The probability of the predicted label.</summary>
    public float Confidence(int example) => (float)(1 / _sums[example]);

    public float Probability(int example, int label) => (float)(Math.Exp(_scale * _outputs.Logit(example, label)) / _sums[example]);
}
