using Topfive.Classifier.V1;

namespace Topfive.Consoles;

/// <summary>What the form on the page Train holds; begins with the defaults that the proto names.</summary>
internal sealed class RecipeForm
{
    public const int MostLayers = 8;
    public const int MostUnits = 8_192;

    public string Dataset { get; set; } = "";

    public string Head { get; set; } = "";

    public int Epochs { get; set; } = 10;

    public float LearningRate { get; set; } = 1e-4f;

    public int BatchSize { get; set; } = 12;

    /// <summary>Units of the hidden layers with commas between them; empty: no hidden layer.</summary>
    public string Hidden { get; set; } = "256";

    public float Dropout { get; set; } = 0.5f;

    public Optimizer Optimizer { get; set; } = Optimizer.Rmsprop;

    public float Momentum { get; set; } = 0.9f;

    public float LabelSmoothing { get; set; }

    public bool Balanced { get; set; }

    /// <summary>Null: the last epoch is the head.</summary>
    public int? Patience { get; set; }

    public bool WarmStart { get; set; }

    public float UnknownFalseRejectRate { get; set; } = 0.05f;

    public ulong Seed { get; set; }

    public bool Promote { get; set; } = true;

    /// <returns>What is wrong that the browser cannot tell; null: nothing.</returns>
    public string? Problem() => Layers() is null
        ? $"Hidden layers are 1 to {MostLayers} numbers of 1 to {MostUnits:N0} with commas between them, or nothing for no hidden layer."
        : null;

    public StartRunRequest Request()
    {
        var layers = Layers() ?? [];
        var recipe = new Recipe
        {
            Epochs = Epochs,
            LearningRate = LearningRate,
            BatchSize = BatchSize,
            Dropout = Dropout,
            Optimizer = Optimizer,
            LabelSmoothing = LabelSmoothing,
            NoHiddenLayers = layers.Length == 0,
            Seed = Seed,
            UnknownFalseRejectRate = UnknownFalseRejectRate,
            WarmStart = WarmStart ? new WarmStart() : null,
            EarlyStopping = Patience is { } patience ? new EarlyStopping { Patience = patience } : null,
            ClassWeights = Balanced ? new ClassWeights { Balanced = true } : null,
        };
        recipe.HiddenUnits.Add(layers);
        if (Optimizer == Optimizer.Sgd) recipe.Momentum = Momentum;
        return new StartRunRequest { Dataset = Dataset, Head = Head.Trim(), Recipe = recipe, Promote = Promote };
    }

    private int[]? Layers()
    {
        var parts = Hidden.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        int[] units = [.. parts.Select(part => int.TryParse(part, out var number) ? number : 0)];
        return units.Length <= MostLayers && units.All(number => number is >= 1 and <= MostUnits) ? units : null;
    }
}
