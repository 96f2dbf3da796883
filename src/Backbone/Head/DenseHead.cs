using System.Globalization;

namespace Topfive.Backbones;

/// <summary>
/// The small network that turns a backbone's vector into one probability a label: dense layers in a row, the last one
/// with softmax. An instance is always coherent: shapes fit, numbers are finite, labels are distinct.
/// </summary>
public sealed class DenseHead
{
    /// <summary>Longest label, in UTF-16 code units.</summary>
    public const int MaxLabelLength = 200;

    /// <param name="labels">In index order, one a unit of the last layer; 1 to 200 characters, no control characters.</param>
    /// <param name="backboneFingerprint">64 lower-case hexadecimal digits.</param>
    /// <param name="layers">From the vector to the probabilities. Not copied.</param>
    /// <param name="temperature">What the last layer's sums are divided by before softmax; above 0.</param>
    /// <exception cref="InvalidDataException">They do not make a head; the message names the layer or label.</exception>
    public DenseHead(IReadOnlyList<string> labels, string backboneFingerprint, IReadOnlyList<DenseLayer> layers, float temperature = 1)
    {
        Labels = [.. labels];
        BackboneFingerprint = backboneFingerprint;
        Layers = [.. layers];
        Temperature = temperature;
        CheckLayers();
        CheckLabels();
        if (!BackboneFile.IsFingerprint(backboneFingerprint))
        {
            throw new InvalidDataException("the head's backbone fingerprint is not 64 lower-case hexadecimal digits");
        }

        if (!float.IsFinite(temperature) || temperature <= 0) throw new InvalidDataException($"the head's temperature is {temperature}; it must be above 0");
    }

    /// <summary>In index order.</summary>
    public string[] Labels { get; }

    /// <summary>The backbone whose vectors this head reads.</summary>
    public string BackboneFingerprint { get; }

    public DenseLayer[] Layers { get; }

    /// <summary>
    /// What the last layer's sums are divided by before softmax; 1: nothing. The weights are as they were trained, so that
    /// who trains on from them starts where training ended.
    /// </summary>
    public float Temperature { get; }

    /// <summary>Tells vectors that lie far from all that it was trained on; null: nobody fitted one.</summary>
    /// <exception cref="InvalidDataException">It does not go with the layers.</exception>
    public UnknownDetector? Unknown
    {
        get;
        init
        {
            value?.Check(Inputs, Labels.Length);
            field = value;
        }
    }

    /// <summary>Length of the vector that it reads.</summary>
    public int Inputs => Layers[0].Inputs;

    /// <summary>How many numbers its weights and biases hold.</summary>
    public long Parameters => Layers.Sum(layer => (long)layer.Weights.Length + layer.Bias.Length);

    /// <summary>What messages and files call the layer at <paramref name="index"/>: dense_1 is the first.</summary>
    public static string LayerName(int index) => string.Create(CultureInfo.InvariantCulture, $"dense_{index + 1}");

    private void CheckLayers()
    {
        if (Layers.Length == 0) throw new InvalidDataException("a head needs at least one dense layer");
        for (var index = 0; index < Layers.Length; index++)
        {
            var (layer, name, last) = (Layers[index], LayerName(index), index == Layers.Length - 1);
            if (layer.Inputs < 1 || layer.Units < 1 || layer.Weights.LongLength != (long)layer.Inputs * layer.Units || layer.Bias.Length != layer.Units)
            {
                throw new InvalidDataException(
                    $"layer {name}: {layer.Weights.Length} weights and {layer.Bias.Length} biases do not make {layer.Inputs} inputs and {layer.Units} units");
            }

            if (index > 0 && layer.Inputs != Layers[index - 1].Units)
            {
                throw new InvalidDataException(
                    $"layer {name} takes {layer.Inputs} inputs, but {LayerName(index - 1)} before it has {Layers[index - 1].Units} units");
            }

            if (last != (layer.Activation == DenseActivation.Softmax))
            {
                throw new InvalidDataException(
                    $"layer {name} has activation {layer.Activation}: the last layer must have Softmax, the others Relu or Linear");
            }

            if (!AllFinite(layer.Weights) || !AllFinite(layer.Bias))
            {
                throw new InvalidDataException($"layer {name} holds a number that is not finite");
            }
        }
    }

    private void CheckLabels()
    {
        if (Labels.Length != Layers[^1].Units)
        {
            throw new InvalidDataException(
                $"layer {LayerName(Layers.Length - 1)} has {Layers[^1].Units} units, but there are {Labels.Length} labels");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var index = 0; index < Labels.Length; index++)
        {
            if (Labels[index].Length is < 1 or > MaxLabelLength || Labels[index].Any(char.IsControl))
            {
                throw new InvalidDataException($"label {index} must have 1 to {MaxLabelLength} characters and no control character");
            }

            if (!seen.Add(Labels[index])) throw new InvalidDataException($"label '{Labels[index]}' stands twice");
        }
    }

    private static bool AllFinite(float[] values) => Array.TrueForAll(values, float.IsFinite);
}
