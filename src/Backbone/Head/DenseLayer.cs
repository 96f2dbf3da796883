namespace Topfive.Backbones;

/// <summary>What a dense layer does with its sums.</summary>
public enum DenseActivation
{
    /// <summary>Nothing.</summary>
    Linear,

    /// <summary>max(0, x).</summary>
    Relu,

    /// <summary>exp(x) / Σ exp(x) over the units: the last layer of a head.</summary>
    Softmax,
}

/// <summary>One dense layer: activation(x · weights + bias).</summary>
/// <param name="Inputs">Length of x.</param>
/// <param name="Units">Length of the result.</param>
/// <param name="Weights">Row-major [Inputs, Units], as Keras keeps a kernel.</param>
/// <param name="Bias">One a unit.</param>
/// <param name="Activation">What happens to the sums.</param>
public sealed record DenseLayer(int Inputs, int Units, float[] Weights, float[] Bias, DenseActivation Activation);
