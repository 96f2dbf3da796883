using Topfive.Classifier.V1;

namespace Topfive.ClassifierService;

/// <summary>
/// Early stopping as Keras 3 does it on val_loss with restore_best_weights (keras/src/callbacks/early_stopping.py): an
/// epoch is better when its val_loss plus min_delta is below the best one; after <c>patience</c> epochs in a row
/// that are not, training stops; the weights of the best epoch are the result in either case.
/// </summary>
internal sealed class BestEpoch(EarlyStopping rule, TrainingNetwork network) : IDisposable
{
    private readonly AlignedFloats[] _parameters = [.. network.Parameters.Select(parameters => new AlignedFloats(parameters.Length))];
    private float _loss = float.PositiveInfinity;
    private int _waited;

    /// <summary>From 1; 0 before the first epoch.</summary>
    public int Number { get; private set; }

    /// <returns>True when training should stop.</returns>
    public bool Add(Epoch epoch)
    {
        if (epoch.ValLoss + rule.MinDelta < _loss)
        {
            (_loss, Number, _waited) = (epoch.ValLoss, epoch.Epoch_, 0);
            foreach (var (live, kept) in network.Parameters.Zip(_parameters)) live.CopyTo(kept);
            return false;
        }

        return ++_waited >= rule.Patience;
    }

    public void Restore()
    {
        foreach (var (live, kept) in network.Parameters.Zip(_parameters)) kept.CopyTo(live);
    }

    public void Dispose()
    {
        foreach (var parameters in _parameters) parameters.Dispose();
    }
}
