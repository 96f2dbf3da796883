using System.CommandLine;
using System.Globalization;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>How to train. What is not given is left to the service, whose defaults the descriptions name.</summary>
internal sealed class RecipeOptions
{
    private const int MostUnits = 8_192;
    private const int MostLayers = 8;

    private readonly Option<int?> _epochs = Numbers.Option<int>(
        "--epochs", "Passes over the training examples [default: 10]", "1 to 10,000", value => value is >= 1 and <= 10_000);

    private readonly Option<float?> _learningRate = Numbers.Option<float>(
        "--learning-rate", "Step size [default: 0.0001]", "above 0 and at most 10", value => value is > 0 and <= 10);

    private readonly Option<int?> _batchSize = Numbers.Option<int>(
        "--batch-size", "Examples a step [default: 12]", "1 to 65,536", value => value is >= 1 and <= 65_536);

    private readonly Option<float?> _dropout = Numbers.Option<float>(
        "--dropout", "Fraction of hidden units dropped while training [default: 0.5]", "at least 0 and below 1", value => value is >= 0 and < 1);

    private readonly Option<int[]?> _hidden = new("--hidden")
    {
        Description = "Units of the hidden layers, e.g. 256,128; none: no hidden layer [default: 256]",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (Layers(text) is { } layers)
            {
                return layers;
            }

            result.AddError($"--hidden must be none, or 1 to {MostLayers} numbers of 1 to {MostUnits:N0} with commas between; it is {text}.");
            return null;
        },
    };

    private readonly Option<Optimizer?> _optimizer = new("--optimizer")
    {
        Description = "rmsprop, adam or sgd, as Keras computes them [default: rmsprop]",
        CustomParser = result =>
        {
            switch (result.Tokens[0].Value)
            {
                case "rmsprop":
                    return Optimizer.Rmsprop;
                case "adam":
                    return Optimizer.Adam;
                case "sgd":
                    return Optimizer.Sgd;
                default:
                    result.AddError($"--optimizer must be rmsprop, adam or sgd; it is {result.Tokens[0].Value}.");
                    return null;
            }
        },
    };

    private readonly Option<float?> _momentum = Numbers.Option<float>(
        "--momentum", "With sgd: the share of the last step that the next one keeps [default: 0.9]", "at least 0 and below 1", value => value is >= 0 and < 1);

    private readonly Option<float?> _labelSmoothing = Numbers.Option<float>(
        "--label-smoothing", "Fraction of each target spread over all labels [default: 0]", "at least 0 and below 1", value => value is >= 0 and < 1);

    private readonly Option<bool> _balanced = new("--balanced") { Description = "Let every label weigh the same in sum, however many examples it has" };

    private readonly Option<KeyValuePair<string, float>[]?> _classWeights = new("--class-weight")
    {
        Description = "LABEL=W: an example of the label counts W times; may be given for several labels",
        Arity = ArgumentArity.ZeroOrMore,
        CustomParser = result =>
        {
            var weights = new Dictionary<string, float>(StringComparer.Ordinal);
            foreach (var token in result.Tokens)
            {
                // The last sign: a label may have one in its name.
                var sign = token.Value.LastIndexOf('=');
                if (sign > 0 && float.TryParse(token.Value.AsSpan(sign + 1), CultureInfo.InvariantCulture, out var weight) && weight > 0)
                {
                    weights[token.Value[..sign]] = weight;
                    continue;
                }

                result.AddError($"--class-weight must be LABEL=W with a number W above 0; it is {token.Value}.");
                return null;
            }

            return [.. weights];
        },
    };

    private readonly Option<int?> _earlyStopping = Numbers.Option<int>(
        "--early-stopping", "Stop after so many epochs without a better validation loss, and keep the best epoch [default: never]", "1 to 10,000", value => value is >= 1 and <= 10_000);

    private readonly Option<float?> _minDelta = Numbers.Option<float>(
        "--min-delta", "With --early-stopping: by how much a loss must be below the best to count as better [default: 0]", "at least 0", value => value is >= 0 and < float.PositiveInfinity);

    private readonly Option<WarmStart?> _warmStart = new("--warm-start")
    {
        Description = "live, or a version: begin from that version of the head instead of fresh weights",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (text == "live")
            {
                return new WarmStart();
            }

            if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var version) && version > 0)
            {
                return new WarmStart { Version = version };
            }

            result.AddError($"--warm-start must be live or a version from 1; it is {text}.");
            return null;
        },
    };

    private readonly Option<float?> _unknownFalseRejectRate = Numbers.Option<float>(
        "--unknown-false-reject-rate", "Fraction of validation images that `predict --unknown` may take for unknown [default: 0.05]", "at least 0 and below 1", value => value is >= 0 and < 1);

    private readonly Option<ulong?> _seed = Numbers.Option<ulong>(
        "--seed", "The same seed, dataset and recipe train the same head, bit for bit [default: 0]", "a whole number from 0", _ => true);

    public void AddTo(Command command)
    {
        foreach (var option in new Option[]
                 {
                     _epochs, _learningRate, _batchSize, _dropout, _hidden, _optimizer, _momentum, _labelSmoothing, _balanced, _classWeights,
                     _earlyStopping, _minDelta, _warmStart, _unknownFalseRejectRate, _seed,
                 })
        {
            command.Options.Add(option);
        }

        command.Validators.Add(result =>
        {
            if (result.GetResult(_minDelta) is not null && result.GetResult(_earlyStopping) is null)
            {
                result.AddError("--min-delta goes with --early-stopping.");
            }

            if (result.GetValue(_balanced) && result.GetResult(_classWeights) is not null)
            {
                result.AddError("--balanced and --class-weight exclude each other.");
            }

            if (result.GetResult(_momentum) is not null && result.GetValue(_optimizer) != Optimizer.Sgd)
            {
                result.AddError("--momentum goes with --optimizer sgd.");
            }
        });
    }

    public Recipe Read(ParseResult parsed)
    {
        var recipe = new Recipe
        {
            Seed = parsed.GetValue(_seed) ?? 0,
            Optimizer = parsed.GetValue(_optimizer) ?? Optimizer.Unspecified,
            LabelSmoothing = parsed.GetValue(_labelSmoothing) ?? 0,
            WarmStart = parsed.GetValue(_warmStart),
        };
        if (parsed.GetValue(_epochs) is { } epochs)
        {
            recipe.Epochs = epochs;
        }

        if (parsed.GetValue(_learningRate) is { } learningRate)
        {
            recipe.LearningRate = learningRate;
        }

        if (parsed.GetValue(_batchSize) is { } batchSize)
        {
            recipe.BatchSize = batchSize;
        }

        if (parsed.GetValue(_dropout) is { } dropout)
        {
            recipe.Dropout = dropout;
        }

        if (parsed.GetValue(_momentum) is { } momentum)
        {
            recipe.Momentum = momentum;
        }

        if (parsed.GetValue(_unknownFalseRejectRate) is { } rate)
        {
            recipe.UnknownFalseRejectRate = rate;
        }

        if (parsed.GetValue(_earlyStopping) is { } patience)
        {
            recipe.EarlyStopping = new EarlyStopping { Patience = patience, MinDelta = parsed.GetValue(_minDelta) ?? 0 };
        }

        if (parsed.GetValue(_balanced))
        {
            recipe.ClassWeights = new ClassWeights { Balanced = true };
        }
        else if (parsed.GetValue(_classWeights) is { Length: > 0 } weights)
        {
            recipe.ClassWeights = new ClassWeights();
            foreach (var (label, weight) in weights)
            {
                recipe.ClassWeights.Weights.Add(label, weight);
            }
        }

        // An absent option of several values reads as none, which would mean no hidden layer.
        if (parsed.GetResult(_hidden) is not null && parsed.GetValue(_hidden) is { } hidden)
        {
            recipe.HiddenUnits.Add(hidden);
            recipe.NoHiddenLayers = hidden.Length == 0;
        }

        return recipe;
    }

    /// <returns>Empty for none, null when the text is wrong.</returns>
    private static int[]? Layers(string text)
    {
        if (text == "none")
        {
            return [];
        }

        var layers = text.Split(',').Select(part =>
            int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var units) ? units : 0).ToArray();
        return layers.Length <= MostLayers && layers.All(units => units is >= 1 and <= MostUnits) ? layers : null;
    }
}
