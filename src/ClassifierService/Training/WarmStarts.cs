using Topfive.Backbones;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>The versions that runs begin from.</summary>
internal sealed class WarmStarts(HeadStore heads)
{
    /// <summary>
    /// Settles which version the recipe means, so that the run still means it when another goes live; a recipe that names
    /// no hidden layers takes that version's.
    /// </summary>
    /// <returns>The recipe as asked when it has no warm start, or a wrong one.</returns>
    public async Task<Recipe?> ResolveAsync(string head, Recipe? asked)
    {
        if (asked?.WarmStart is not { Version: >= 0 }) return asked;
        var recipe = asked.Clone();
        if (recipe.WarmStart.Version == 0) recipe.WarmStart.Version = await heads.GetLiveVersionAsync(head);
        if (recipe.WarmStart.Version == 0) throw Failure.Precondition($"head '{head}' has no live version for recipe.warm_start to begin from");
        if (recipe.HiddenUnits.Count > 0 || recipe.NoHiddenLayers) return recipe;
        var previous = await ReadAsync(head, recipe.WarmStart.Version);
        recipe.HiddenUnits.Add(HiddenUnits(previous));
        recipe.NoHiddenLayers = recipe.HiddenUnits.Count == 0;
        return recipe;
    }

    /// <returns>What a run begins from; null without a warm start.</returns>
    /// <exception cref="Failure">The version is not there, or does not fit the recipe or the backbone.</exception>
    public async Task<DenseHead?> LoadAsync(string head, Recipe recipe, BackboneRecord backbone)
    {
        if (recipe.WarmStart is not { Version: var version }) return null;
        var previous = await ReadAsync(head, version);
        var name = $"version {version} of head '{head}'";
        if (previous.BackboneFingerprint != backbone.Fingerprint)
        {
            throw Failure.Precondition(
                $"{name}, which recipe.warm_start begins from, was trained on backbone {previous.BackboneFingerprint}, but the current one is {backbone.Fingerprint}");
        }

        if (!HiddenUnits(previous).SequenceEqual(recipe.HiddenUnits))
        {
            throw Failure.Precondition(
                $"{name}, which recipe.warm_start begins from, has hidden layers {Shape(HiddenUnits(previous))}, but recipe.hidden_units is "
                + $"{Shape(recipe.HiddenUnits)}: leave hidden_units out, or train afresh");
        }

        if (previous.Layers.SkipLast(1).Any(layer => layer.Activation != DenseActivation.Relu))
        {
            throw Failure.Precondition($"{name}, which recipe.warm_start begins from, has a hidden layer without relu; only relu can be trained");
        }

        return previous;
    }

    private async Task<DenseHead> ReadAsync(string head, long version) => await heads.GetModelAsync(head, version) is { } model
        ? HeadModel.Read(model)
        : throw Failure.NotFound($"head '{head}' has no version {version} for recipe.warm_start to begin from");

    private static IEnumerable<int> HiddenUnits(DenseHead head) => head.Layers.SkipLast(1).Select(layer => layer.Units);

    private static string Shape(IEnumerable<int> units) => $"[{string.Join(", ", units)}]";
}
