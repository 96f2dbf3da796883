namespace Topfive.Backbones;

/// <summary>A convolution and its batch norm in one: relu(x * Weights + Bias).</summary>
/// <param name="Weights">[filters, channels, height, width], as ONNX has it.</param>
/// <param name="Bias">One a filter.</param>
internal sealed record FoldedConvolution(float[] Weights, float[] Bias)
{
    /// <summary>
    /// Folds batch norm's y = gamma · (x − mean) / √(variance + epsilon) + beta into the convolution before it: in double,
    /// rounded once.
    /// </summary>
    /// <param name="convolution">The shape.</param>
    /// <param name="kernel">[height, width, channels, filters], as TensorFlow has it.</param>
    /// <param name="bias">The convolution's own, one a filter; null: none.</param>
    /// <param name="norm">Its batch norm.</param>
    public static FoldedConvolution Fold(Convolution convolution, double[] kernel, double[]? bias, BatchNorm norm)
    {
        var (filters, channels, places) = (convolution.Channels, convolution.Inputs[0].Channels, convolution.Height * convolution.Width);
        var weights = new float[kernel.Length];
        var biases = new float[filters];
        for (var filter = 0; filter < filters; filter++)
        {
            var factor = (norm.Gamma?[filter] ?? 1) / Math.Sqrt(norm.Variance[filter] + norm.Epsilon);
            for (var channel = 0; channel < channels; channel++)
            {
                for (var place = 0; place < places; place++)
                {
                    weights[(((filter * channels) + channel) * places) + place] =
                        (float)(kernel[(((place * channels) + channel) * filters) + filter] * factor);
                }
            }

            biases[filter] = (float)((norm.Beta?[filter] ?? 0) + (((bias?[filter] ?? 0) - norm.Mean[filter]) * factor));
        }

        return new FoldedConvolution(weights, biases);
    }

    public bool IsFinite => Array.TrueForAll(Weights, float.IsFinite) && Array.TrueForAll(Bias, float.IsFinite);
}

/// <summary>Batch norm's numbers, one a channel; null where the layer leaves them out.</summary>
internal sealed record BatchNorm(double[]? Gamma, double[]? Beta, double[] Mean, double[] Variance, double Epsilon);
