namespace Topfive.Backbones;

/// <summary>
/// Finds Inception V3 in a TF.js model by following the connections back from its last block, so that names and numbers
/// of layers do not matter; whatever differs from the architecture is refused with the layer's name.
/// </summary>
internal sealed class TfjsInception
{
    private readonly TfjsModel _model;
    private readonly Dictionary<Operation, string> _matches = [];
    private readonly Dictionary<Convolution, (TfjsLayer Layer, TfjsLayer Norm)> _convolutions = [];

    private TfjsInception(TfjsModel model) => _model = model;

    /// <param name="model">The model.</param>
    /// <param name="architecture">What it has to be.</param>
    /// <param name="lastBlock">Name of the model's layer that stands for the architecture's output.</param>
    public static IReadOnlyDictionary<Convolution, FoldedConvolution> ReadWeights(TfjsModel model, InceptionV3 architecture, string lastBlock)
    {
        var reader = new TfjsInception(model);
        reader.Match(architecture.Output, lastBlock, "the vector");
        return architecture.Convolutions.ToDictionary(convolution => convolution, reader.Fold);
    }

    private void Match(Operation operation, string name, string neededBy)
    {
        if (_matches.TryGetValue(operation, out var matched))
        {
            if (matched != name) throw new InvalidDataException($"layer {neededBy} takes {name}; in Inception V3 it takes what {matched} gives");
            return;
        }

        _matches.Add(operation, name);
        var layer = _model.Layer(name, neededBy);
        switch (operation)
        {
            case InputImage:
                MatchInput(layer);
                break;
            case Convolution convolution:
                MatchConvolution(convolution, layer);
                break;
            case MaxPooling:
                MatchPooling(operation, layer, "MaxPooling2D", stride: 2, padding: "valid");
                break;
            case AveragePooling:
                MatchPooling(operation, layer, "AveragePooling2D", stride: 1, padding: "same");
                break;
            case Concatenation:
                MatchConcatenation(operation, layer);
                break;
        }
    }

    private static void MatchInput(TfjsLayer layer)
    {
        RequireKind(layer, "InputLayer", "image");
        if (!layer.Config.TryGetProperty("batch_input_shape", out var shape)) return;
        if (shape.ToString().Replace(" ", "", StringComparison.Ordinal) is not ("[null,299,299,3]" or "[null,null,null,3]"))
        {
            throw new InvalidDataException($"layer {layer.Name} takes images of {shape}; Inception V3 takes [null,299,299,3]");
        }
    }

    private void MatchConvolution(Convolution convolution, TfjsLayer relu)
    {
        RequireKind(relu, "Activation", convolution.Name);
        relu.Require("activation", relu.Text("activation", "linear"), "relu");
        var norm = _model.Layer(relu.Input, relu.Name);
        RequireKind(norm, "BatchNormalization", convolution.Name);
        norm.Require("axis", norm.Integer("axis"), 3, -1);
        var layer = _model.Layer(norm.Input, norm.Name);
        RequireKind(layer, "Conv2D", convolution.Name);
        layer.RequireChannelsLast();
        layer.Require("activation", layer.Text("activation", "linear"), "linear");
        layer.Require("filters", layer.Integer("filters"), convolution.Channels);
        layer.RequirePair("kernel_size", convolution.Height, convolution.Width);
        layer.RequirePair("strides", convolution.Stride, convolution.Stride);
        layer.RequirePair("dilation_rate", 1, 1);
        if (convolution is { Height: > 1 } or { Width: > 1 }) layer.Require("padding", layer.Text("padding", "valid"), convolution.Padded ? "same" : "valid");

        _convolutions.Add(convolution, (layer, norm));
        Match(convolution.Inputs[0], layer.Input, layer.Name);
    }

    private void MatchPooling(Operation operation, TfjsLayer layer, string kind, int stride, string padding)
    {
        RequireKind(layer, kind, operation.Name);
        layer.RequireChannelsLast();
        layer.RequirePair("pool_size", 3, 3);
        layer.RequirePair("strides", stride, stride);
        layer.Require("padding", layer.Text("padding", "valid"), padding);
        Match(operation.Inputs[0], layer.Input, layer.Name);
    }

    private void MatchConcatenation(Operation operation, TfjsLayer layer)
    {
        RequireKind(layer, "Concatenate", operation.Name);
        layer.Require("axis", layer.Integer("axis"), 3, -1);
        layer.Require("number of inputs", layer.Inputs.Count, operation.Inputs.Count);
        for (var i = 0; i < operation.Inputs.Count; i++) Match(operation.Inputs[i], layer.Inputs[i], layer.Name);
    }

    private FoldedConvolution Fold(Convolution convolution)
    {
        var (layer, norm) = _convolutions[convolution];
        var (weights, filters) = (_model.Weights, convolution.Channels);
        var kernel = weights.Read(layer.Name, "kernel", convolution.Height, convolution.Width, convolution.Inputs[0].Channels, filters);
        var bias = layer.Flag("use_bias", absent: true) ? weights.Read(layer.Name, "bias", filters) : null;
        var numbers = new BatchNorm(
            norm.Flag("scale", absent: true) ? weights.Read(norm.Name, "gamma", filters) : null,
            norm.Flag("center", absent: true) ? weights.Read(norm.Name, "beta", filters) : null,
            weights.Read(norm.Name, "moving_mean", filters),
            weights.Read(norm.Name, "moving_variance", filters),
            norm.Number("epsilon", absent: 1e-3));
        var folded = FoldedConvolution.Fold(convolution, kernel, bias, numbers);
        return folded.IsFinite ? folded : throw new InvalidDataException($"layer {layer.Name} with {norm.Name}: its weights give numbers that are not finite");
    }

    private static void RequireKind(TfjsLayer layer, string kind, string place)
    {
        if (layer.Kind != kind) throw new InvalidDataException($"layer {layer.Name} is a {layer.Kind}; Inception V3 has a {kind} there, for its {place}");
    }
}
