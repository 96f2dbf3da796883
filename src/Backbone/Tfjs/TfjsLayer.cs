using System.Text.Json;

namespace Topfive.Backbones;

/// <summary>A layer of a Keras functional model, as model.json describes it.</summary>
/// <param name="Name">Unique in the model.</param>
/// <param name="Kind">Keras' class name.</param>
/// <param name="Config">Its settings.</param>
/// <param name="Inputs">Names of the layers whose outputs it takes, in order.</param>
internal sealed record TfjsLayer(string Name, string Kind, JsonElement Config, IReadOnlyList<string> Inputs)
{
    public string Input => Inputs.Count == 1
        ? Inputs[0]
        : throw new InvalidDataException($"layer {Name} ({Kind}) has {Inputs.Count} inputs, not one");

    public string Text(string setting, string absent) => Value(setting) switch
    {
        null => absent,
        { ValueKind: JsonValueKind.String } value => value.GetString()!,
        _ => throw Unusable(setting),
    };

    public bool Flag(string setting, bool absent) => Value(setting) switch
    {
        null => absent,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => throw Unusable(setting),
    };

    public double Number(string setting, double absent) => Value(setting) switch
    {
        null => absent,
        { ValueKind: JsonValueKind.Number } value when value.TryGetDouble(out var number) && double.IsFinite(number) => number,
        _ => throw Unusable(setting),
    };

    public int Integer(string setting) => Integers(setting) is [var one] ? one : throw Unusable(setting);

    /// <summary>A list of integers; a single one counts as a list of one.</summary>
    public int[] Integers(string setting) => Value(setting) switch
    {
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt32(out var one) => [one],
        { ValueKind: JsonValueKind.Array } value => [.. value.EnumerateArray().Select(entry =>
            entry.ValueKind == JsonValueKind.Number && entry.TryGetInt32(out var number) ? number : throw Unusable(setting))],
        _ => throw Unusable(setting),
    };

    /// <summary>Refuses the layer when a setting is not what the architecture has.</summary>
    public void Require<T>(string setting, T actual, params ReadOnlySpan<T> expected)
    {
        foreach (var value in expected)
        {
            if (EqualityComparer<T>.Default.Equals(actual, value)) return;
        }

        throw new InvalidDataException($"layer {Name} ({Kind}) has {setting} {actual}; it must be {expected[0]} in Inception V3");
    }

    public void RequirePair(string setting, int first, int second)
    {
        var pair = Integers(setting);
        Require(setting, string.Join('×', pair.Length == 1 ? [pair[0], pair[0]] : pair), $"{first}×{second}");
    }

    public void RequireChannelsLast() => Require("data_format", Text("data_format", "channels_last"), "channels_last");

    private JsonElement? Value(string setting) =>
        Config.TryGetProperty(setting, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private InvalidDataException Unusable(string setting) => new($"layer {Name} ({Kind}) has no usable setting {setting}");
}
