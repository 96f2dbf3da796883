namespace Topfive.Backbones.Tests;

/// <summary>Small heads with reproducible numbers.</summary>
internal static class SomeHead
{
    public const string Fingerprint = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    public static DenseHead Create(params int[] sizes)
    {
        var random = new Random(7);
        var layers = new DenseLayer[sizes.Length - 1];
        for (var i = 0; i < layers.Length; i++)
        {
            layers[i] = Layer(random, sizes[i], sizes[i + 1], i == layers.Length - 1 ? DenseActivation.Softmax : DenseActivation.Relu);
        }

        return new DenseHead([.. Enumerable.Range(0, sizes[^1]).Select(i => $"label {i}")], Fingerprint, layers);
    }

    /// <summary>The same layers under a temperature.</summary>
    public static DenseHead At(float temperature, DenseHead head) => new(head.Labels, head.BackboneFingerprint, head.Layers, temperature);

    public static DenseLayer Layer(Random random, int inputs, int units, DenseActivation activation) =>
        new(inputs, units, Numbers(random, inputs * units), Numbers(random, units), activation);

    public static float[] Numbers(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 2) - 1)];

    /// <summary>What the head says, computed in double as the definition reads.</summary>
    public static double[] Probabilities(DenseHead head, float[] vector)
    {
        var current = Array.ConvertAll(vector, value => (double)value);
        foreach (var layer in head.Layers)
        {
            var sums = new double[layer.Units];
            for (var unit = 0; unit < layer.Units; unit++)
            {
                sums[unit] = layer.Bias[unit];
                for (var input = 0; input < layer.Inputs; input++) sums[unit] += current[input] * layer.Weights[(input * layer.Units) + unit];
            }

            current = layer.Activation switch
            {
                DenseActivation.Relu => Array.ConvertAll(sums, sum => Math.Max(0, sum)),
                DenseActivation.Softmax => Softmax(Array.ConvertAll(sums, sum => sum / head.Temperature)),
                _ => sums,
            };
        }

        return current;
    }

    private static double[] Softmax(double[] sums)
    {
        var powers = Array.ConvertAll(sums, sum => Math.Exp(sum - sums.Max()));
        return Array.ConvertAll(powers, power => power / powers.Sum());
    }
}
