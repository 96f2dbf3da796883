using Topfive.Classifier.V1;

namespace Topfive.FeatureStore.Tests;

/// <summary>A head of its own for each test, in the store that is tested.</summary>
public abstract class HeadsUnderTest(StoreUnderTest store)
{
    private protected StoreUnderTest Store => store;

    private protected readonly string _head = Some.Name();

    private protected HeadStore Heads => new(store.Connection);

    private protected Task<long> AddAsync(string label) =>
        Heads.AddVersionAsync(new Head { Head_ = _head, Labels = { label } }, Some.Bytes(1, 100));

    private protected async Task AddVersionsAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await AddAsync($"label {i}");
        }
    }
}
