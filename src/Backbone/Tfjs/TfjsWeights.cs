using System.Text.Json;

namespace Topfive.Backbones;

/// <summary>The weights of a TF.js model: a manifest of groups, each a run of bytes cut into shards.</summary>
internal sealed class TfjsWeights
{
    // Of all shards; Inception V3 with a head has a tenth of it.
    private const long MaxBytes = 1L << 30;

    private readonly Dictionary<string, (TfjsWeight Weight, ReadOnlyMemory<byte> Bytes)> _weights = new(StringComparer.Ordinal);
    private long _bytes;

    public static TfjsWeights Open(string directory, JsonElement root)
    {
        if (!root.TryGetProperty("weightsManifest", out var manifest) || manifest.ValueKind != JsonValueKind.Array)
        {
            throw new InvalidDataException("model.json has no weightsManifest");
        }

        var weights = new TfjsWeights();
        foreach (var group in manifest.EnumerateArray()) weights.AddGroup(Path.GetFullPath(directory), group);
        return weights;
    }

    /// <exception cref="InvalidDataException">The weight is missing or has another shape.</exception>
    public double[] Read(string layer, string weight, params int[] shape)
    {
        if (!_weights.TryGetValue($"{layer}/{weight}", out var found))
        {
            throw new InvalidDataException($"layer {layer}: its weight {layer}/{weight} is missing in the weights manifest");
        }

        if (!found.Weight.Shape.SequenceEqual(shape))
        {
            throw new InvalidDataException($"layer {layer}: its weight {layer}/{weight} has shape [{string.Join(", ", found.Weight.Shape)}]; it must be [{string.Join(", ", shape)}]");
        }

        return found.Weight.Read(found.Bytes.Span);
    }

    private void AddGroup(string directory, JsonElement group)
    {
        if (group.ValueKind != JsonValueKind.Object || !group.TryGetProperty("paths", out var paths) || paths.ValueKind != JsonValueKind.Array ||
            !group.TryGetProperty("weights", out var entries) || entries.ValueKind != JsonValueKind.Array)
        {
            throw new InvalidDataException("a group in the weights manifest has no paths or no weights");
        }

        var shards = paths.EnumerateArray().Select(path => FindShard(directory, path)).ToList();
        var weights = entries.EnumerateArray().Select(entry => new TfjsWeight(entry)).ToList();
        CheckLength(shards, weights);
        _bytes += shards.Sum(shard => shard.Length);
        var bytes = new byte[shards.Sum(shard => shard.Length)];
        var end = 0;
        foreach (var shard in shards)
        {
            using var stream = File.OpenRead(shard.Path);
            stream.ReadExactly(bytes, end, (int)shard.Length);
            end += (int)shard.Length;
        }

        var start = 0;
        foreach (var weight in weights)
        {
            if (!_weights.TryAdd(weight.Name, (weight, bytes.AsMemory(start, (int)weight.Bytes)))) throw new InvalidDataException($"{weight.Description} stands twice in the weights manifest");
            start += (int)weight.Bytes;
        }
    }

    private void CheckLength(List<Shard> shards, List<TfjsWeight> weights)
    {
        var left = shards.Sum(shard => shard.Length);
        if (left + _bytes > MaxBytes) throw new InvalidDataException($"the shards hold {left + _bytes:N0} bytes; at most {MaxBytes:N0} are read");
        foreach (var weight in weights)
        {
            left -= weight.Bytes;
            if (left < 0) throw new InvalidDataException($"{weight.Description}: the shards end {-left} bytes before it does ({string.Join(", ", shards.Select(shard => shard.Name))})");
        }

        if (left > 0) throw new InvalidDataException($"the shards hold {left} bytes more than the weights manifest describes ({string.Join(", ", shards.Select(shard => shard.Name))})");
    }

    private static Shard FindShard(string directory, JsonElement path)
    {
        var name = path.ValueKind == JsonValueKind.String ? path.GetString()! : throw new InvalidDataException("a path in the weights manifest is no text");
        if (name.Length == 0 || name.Contains('\0')) throw new InvalidDataException("a path in the weights manifest is empty or holds a zero");
        var full = Path.GetFullPath(Path.Combine(directory, name));
        if (!full.StartsWith(Path.TrimEndingDirectorySeparator(directory) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"the weights manifest names '{name}', which is outside the model's folder");
        }

        if (!File.Exists(full)) throw new InvalidDataException($"the weights manifest names the shard '{name}', which is missing");
        // Of what is opened: a shard may be a link into somebody's cache.
        using var stream = File.OpenRead(full);
        return new Shard(name, full, stream.Length);
    }

    private sealed record Shard(string Name, string Path, long Length);
}
