using Topfive.ClassifierService;

namespace Topfive.Bench;

/// <summary>
/// The same training as anyone would write it first: Dense(256, relu) → Dropout(0.5) → Dense(labels, softmax), RMSprop, one
/// thread, one loop inside the other. Forward, backward and the update each pass over the parameters.
/// </summary>
internal sealed class PlainTrainer(int inputs, int hidden, int labels, float learningRate)
{
    private readonly Random _random = new(1);
    private readonly float[] _hiddenWeights = Glorot(inputs, hidden);
    private readonly float[] _hiddenGradient = new float[inputs * hidden];
    private readonly float[] _hiddenMoments = new float[inputs * hidden];
    private readonly float[] _outputWeights = Glorot(hidden, labels);
    private readonly float[] _outputGradient = new float[hidden * labels];
    private readonly float[] _outputMoments = new float[hidden * labels];
    private readonly float[] _hiddenBiases = new float[hidden];
    private readonly float[] _hiddenBiasGradient = new float[hidden];
    private readonly float[] _hiddenBiasMoments = new float[hidden];
    private readonly float[] _outputBiases = new float[labels];
    private readonly float[] _outputBiasGradient = new float[labels];
    private readonly float[] _outputBiasMoments = new float[labels];

    /// <returns>Mean loss of the batch.</returns>
    public double Step(TrainingData data, ReadOnlySpan<int> batch)
    {
        foreach (var gradient in new[] { _hiddenGradient, _outputGradient, _hiddenBiasGradient, _outputBiasGradient }) Array.Clear(gradient);
        var loss = 0.0;
        foreach (var row in batch) loss += Learn(data.Row(row), data.LabelIndexes[row], batch.Length);
        Update(_hiddenWeights, _hiddenGradient, _hiddenMoments);
        Update(_hiddenBiases, _hiddenBiasGradient, _hiddenBiasMoments);
        Update(_outputWeights, _outputGradient, _outputMoments);
        Update(_outputBiases, _outputBiasGradient, _outputBiasMoments);
        return loss / batch.Length;
    }

    private double Learn(ReadOnlySpan<float> vector, int label, int batch)
    {
        var activation = Dense(vector, _hiddenWeights, _hiddenBiases);
        for (var unit = 0; unit < hidden; unit++) activation[unit] = activation[unit] > 0 && _random.Next(2) == 1 ? activation[unit] * 2 : 0;
        var delta = Dense(activation, _outputWeights, _outputBiases);
        var loss = SoftmaxInPlace(delta, label);
        delta[label] -= 1;
        for (var unit = 0; unit < labels; unit++) delta[unit] /= batch;
        AddGradient(activation, delta, _outputGradient, _outputBiasGradient);
        var hiddenDelta = new float[hidden];
        for (var unit = 0; unit < hidden; unit++)
        {
            var sum = 0f;
            for (var output = 0; output < labels; output++) sum += delta[output] * _outputWeights[(unit * labels) + output];
            hiddenDelta[unit] = activation[unit] > 0 ? sum * 2 : 0;
        }

        AddGradient(vector, hiddenDelta, _hiddenGradient, _hiddenBiasGradient);
        return loss;
    }

    private static float[] Dense(ReadOnlySpan<float> input, float[] weights, float[] biases)
    {
        var sums = (float[])biases.Clone();
        for (var row = 0; row < input.Length; row++)
        {
            for (var unit = 0; unit < sums.Length; unit++) sums[unit] += input[row] * weights[(row * sums.Length) + unit];
        }

        return sums;
    }

    private static void AddGradient(ReadOnlySpan<float> input, float[] delta, float[] gradient, float[] biasGradient)
    {
        for (var row = 0; row < input.Length; row++)
        {
            for (var unit = 0; unit < delta.Length; unit++) gradient[(row * delta.Length) + unit] += input[row] * delta[unit];
        }

        for (var unit = 0; unit < delta.Length; unit++) biasGradient[unit] += delta[unit];
    }

    private void Update(float[] parameters, float[] gradient, float[] moments)
    {
        for (var i = 0; i < parameters.Length; i++)
        {
            moments[i] = (0.9f * moments[i]) + (0.1f * gradient[i] * gradient[i]);
            parameters[i] -= learningRate * gradient[i] / MathF.Sqrt(moments[i] + 1e-7f);
        }
    }

    private static double SoftmaxInPlace(float[] logits, int label)
    {
        var (largest, sum) = (logits.Max(), 0f);
        for (var i = 0; i < logits.Length; i++) sum += logits[i] = MathF.Exp(logits[i] - largest);
        for (var i = 0; i < logits.Length; i++) logits[i] /= sum;
        return -Math.Log(logits[label]);
    }

    private static float[] Glorot(int inputs, int units)
    {
        var (random, limit) = (new Random(1), Math.Sqrt(6.0 / (inputs + units)));
        return [.. Enumerable.Range(0, inputs * units).Select(_ => (float)(((2 * random.NextDouble()) - 1) * limit))];
    }
}
