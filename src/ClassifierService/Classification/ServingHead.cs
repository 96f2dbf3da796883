using System.Buffers;
using System.Numerics.Tensors;
using Topfive.Backbones;
using Topfive.Classifier.V1;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>One version of a head, ready to answer; never changes, so any number of calls read it at once.</summary>
internal sealed class ServingHead(string name, long version, DenseHead head)
{
    private readonly int _widest = head.Layers.Max(layer => layer.Units);

    public string Name => name;

    public long Version => version;

    /// <summary>Where it comes from, as it was when the head was loaded: whether it is live may have changed.</summary>
    public Head Description { get; init; } = new();

    public int Inputs => head.Inputs;

    public string BackboneFingerprint => head.BackboneFingerprint;

    /// <summary>In index order.</summary>
    public IReadOnlyList<string> Labels => head.Labels;

    /// <summary>Bytes that its weights take.</summary>
    public long Bytes => head.Parameters * sizeof(float);

    /// <exception cref="Failure">FAILED_PRECONDITION: it cannot tell.</exception>
    public UnknownDetector Detector => head.Unknown ?? throw Failure.Precondition(
        $"head '{name}' version {version} cannot tell unknown vectors: it was imported without a detector, trained without validation examples, or trained "
        + "before there were detectors; train it again, or leave answer_unknown false");

    /// <summary>The most probable labels, best first; equal probabilities in label order.</summary>
    /// <param name="vector"><see cref="Inputs"/> finite numbers.</param>
    /// <param name="count">How many labels; cut to the head's own number.</param>
    public ClassifyResponse Classify(ReadOnlySpan<float> vector, int count)
    {
        var buffer = ArrayPool<float>.Shared.Rent(2 * _widest);
        try
        {
            var probabilities = Probabilities(vector, buffer.AsSpan(0, _widest), buffer.AsSpan(_widest, _widest));
            return Answer(probabilities, Math.Min(count, head.Labels.Length));
        }
        finally
        {
            ArrayPool<float>.Shared.Return(buffer);
        }
    }

    /// <summary>Every label's probability, in index order.</summary>
    /// <param name="vector"><see cref="Inputs"/> finite numbers.</param>
    /// <param name="probabilities">One a label.</param>
    public void Score(ReadOnlySpan<float> vector, Span<float> probabilities)
    {
        var buffer = ArrayPool<float>.Shared.Rent(2 * _widest);
        try
        {
            Probabilities(vector, buffer.AsSpan(0, _widest), buffer.AsSpan(_widest, _widest)).CopyTo(probabilities);
        }
        finally
        {
            ArrayPool<float>.Shared.Return(buffer);
        }
    }

    private ReadOnlySpan<float> Probabilities(ReadOnlySpan<float> vector, Span<float> target, Span<float> other)
    {
        var input = vector;
        foreach (var layer in head.Layers)
        {
            var output = target[..layer.Units];
            Forward(layer, input, output);
            input = output;
            var free = other;
            other = target;
            target = free;
        }

        return input;
    }

    private void Forward(DenseLayer layer, ReadOnlySpan<float> input, Span<float> output)
    {
        layer.Bias.CopyTo(output);
        for (var row = 0; row < input.Length; row++)
        {
            // After ReLU about half of the inputs are zero and add nothing.
            if (input[row] == 0) continue;
            TensorPrimitives.MultiplyAdd(layer.Weights.AsSpan(row * layer.Units, layer.Units), input[row], output, output);
        }

        if (layer.Activation == DenseActivation.Relu) TensorPrimitives.Max(output, 0f, output);
        if (layer.Activation != DenseActivation.Softmax) return;
        if (head.Temperature != 1) TensorPrimitives.Divide(output, head.Temperature, output);
        Softmax(output);
    }

    private void Softmax(Span<float> logits)
    {
        var largest = TensorPrimitives.Max<float>(logits);
        if (!float.IsFinite(largest))
        {
            throw Failure.InvalidInput($"vector's numbers are too large: head '{name}' version {version} computes beyond the range of a float32");
        }

        TensorPrimitives.Subtract(logits, largest, logits);
        TensorPrimitives.Exp(logits, logits);
        TensorPrimitives.Divide(logits, TensorPrimitives.Sum<float>(logits), logits);
    }

    private ClassifyResponse Answer(ReadOnlySpan<float> probabilities, int count)
    {
        Span<int> best = stackalloc int[count];
        TopLabels.Find(probabilities, best);
        var response = new ClassifyResponse { Head = name, Version = version, BackboneFingerprint = head.BackboneFingerprint };
        foreach (var index in best)
        {
            response.Predictions.Add(new Prediction { Label = head.Labels[index], Index = index, Probability = probabilities[index] });
        }

        return response;
    }
}
