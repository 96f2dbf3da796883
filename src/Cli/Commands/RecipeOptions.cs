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

    private readonly Option<ulong?> _seed = Numbers.Option<ulong>(
        "--seed", "The same seed, dataset and recipe train the same head, bit for bit [default: 0]", "a whole number from 0", _ => true);

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _epochs, _learningRate, _batchSize, _dropout, _hidden, _seed })
        {
            command.Options.Add(option);
        }
    }

    public Recipe Read(ParseResult parsed)
    {
        var recipe = new Recipe { Seed = parsed.GetValue(_seed) ?? 0 };
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
