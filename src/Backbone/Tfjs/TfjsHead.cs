namespace Topfive.Backbones;

/// <summary>What stands behind Inception V3's last block in a TF.js model: the pooling, and the dense layers of a head.</summary>
internal sealed class TfjsHead
{
    private readonly TfjsModel _model;
    private readonly List<(TfjsLayer Layer, string Activation)> _dense = [];

    /// <summary>Follows the model back from its output.</summary>
    public TfjsHead(TfjsModel model)
    {
        _model = model;
        var (layer, activation) = (model.Layer(model.Output, "the model's output"), "linear");
        var passed = new HashSet<string>(StringComparer.Ordinal);
        while (layer.Kind is not ("AveragePooling2D" or "GlobalAveragePooling2D" or "Concatenate"))
        {
            if (!passed.Add(layer.Name)) throw new InvalidDataException($"layer {layer.Name} takes its own output, by way of {passed.Count} layers");
            activation = Read(layer, activation);
            layer = model.Layer(layer.Input, layer.Name);
        }

        if (activation != "linear") throw new InvalidDataException($"activation {activation} follows layer {layer.Name}, which is no dense layer");
        if (layer.Kind == "AveragePooling2D")
        {
            layer.RequireChannelsLast();
            layer.RequirePair("pool_size", 8, 8);
            layer.Require("padding", layer.Text("padding", "valid"), "valid");
        }

        LastBlock = layer.Kind == "Concatenate" ? layer.Name : layer.Input;
        _dense.Reverse();
    }

    /// <summary>Name of the layer whose pooled output is the vector.</summary>
    public string LastBlock { get; }

    public bool IsEmpty => _dense.Count == 0;

    /// <param name="labelFile">One label a line, in index order.</param>
    /// <param name="fingerprint">Of the backbone that it was trained on.</param>
    public DenseHead ReadHead(string labelFile, string fingerprint)
    {
        if (!File.Exists(labelFile))
        {
            throw new InvalidDataException(
                $"the model ends in the dense layer {_dense[^1].Layer.Name} with {_dense[^1].Layer.Integer("units")} classes: write their names, one a line, to {labelFile}");
        }

        if (new FileInfo(labelFile).Length > HeadModel.MaxStructureBytes)
        {
            throw new InvalidDataException($"{labelFile} has more than {HeadModel.MaxStructureBytes:N0} bytes, the most that is read");
        }

        List<DenseLayer> layers = [];
        var inputs = InceptionV3.Dimensions;
        foreach (var (layer, activation) in _dense)
        {
            var units = layer.Integer("units");
            var kernel = _model.Weights.Read(layer.Name, "kernel", inputs, units);
            var bias = layer.Flag("use_bias", absent: true) ? _model.Weights.Read(layer.Name, "bias", units) : new double[units];
            layers.Add(new DenseLayer(inputs, units, Round(kernel), Round(bias), Activation(layer, activation)));
            inputs = units;
        }

        return new DenseHead(File.ReadAllLines(labelFile), fingerprint, layers);
    }

    // Returns the activation that waits for the dense layer before it.
    private string Read(TfjsLayer layer, string waiting)
    {
        switch (layer.Kind)
        {
            case "Dense":
                var own = layer.Text("activation", "linear");
                if (own != "linear" && waiting != "linear") throw new InvalidDataException($"layer {layer.Name} has two activations, {own} and {waiting}");
                _dense.Add((layer, own == "linear" ? waiting : own));
                return "linear";
            case "Activation":
                if (waiting != "linear") throw new InvalidDataException($"layer {layer.Name} is an activation with another one behind it");
                return layer.Text("activation", "linear");
            case "Dropout" or "Flatten":
                return waiting;
            default:
                throw new InvalidDataException($"layer {layer.Name} is a {layer.Kind}; behind Inception V3's pooling there may be Dense, Activation, Dropout and Flatten");
        }
    }

    private static DenseActivation Activation(TfjsLayer layer, string name) => name switch
    {
        "linear" => DenseActivation.Linear,
        "relu" => DenseActivation.Relu,
        "softmax" => DenseActivation.Softmax,
        _ => throw new InvalidDataException($"layer {layer.Name} has activation {name}; a head may have linear, relu and softmax"),
    };

    private static float[] Round(double[] values) => Array.ConvertAll(values, value => (float)value);
}
