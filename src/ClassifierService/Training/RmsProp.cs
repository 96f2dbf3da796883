namespace Topfive.ClassifierService;

/// <summary>
/// RMSprop's constants, as Keras' defaults set them. A step with gradient g is
/// <code>
/// moment    ← rho · moment + (1 − rho) · g²
/// parameter ← parameter − learning rate · g / √(moment + epsilon)
/// </code>
/// with epsilon under the root: so writes Keras 3 (keras/src/optimizers/rmsprop.py, update_step), tf.keras since
/// TensorFlow 2.11 and TF.js. The older Keras 2 optimizer (keras/optimizers/optimizer_v2/rmsprop.py) and PyTorch add
/// epsilon to the root instead, which lengthens the steps of parameters whose gradients are below about 1e-3.
/// </summary>
internal static class RmsProp
{
    public const float Rho = 0.9f;

    /// <summary>Rounded once, from the double that Keras computes.</summary>
    public const float OneMinusRho = (float)(1 - 0.9);

    public const float Epsilon = 1e-7f;
}
