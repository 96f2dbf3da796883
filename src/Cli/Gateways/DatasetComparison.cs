using Google.Protobuf;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Client;
using Topfive.FeatureStore;

namespace Topfive.Cli;

/// <summary>
/// What an import says otherwise than the dataset it goes into, by name. The import has the word where both name an image;
/// a validation accuracy that rests on any of these is not to be trusted unseen.
/// </summary>
/// <param name="Relabelled">Images with another label in the dataset.</param>
/// <param name="Moved">Images on the other side of the split in the dataset.</param>
/// <param name="SplitGroups">Groups with images on both sides of the split, once the import is in the dataset.</param>
internal sealed record DatasetComparison(
    IReadOnlyList<Problem> Relabelled, IReadOnlyList<Problem> Moved, IReadOnlyList<Problem> SplitGroups)
{
    public IReadOnlyList<Problem> All => [.. Relabelled, .. Moved, .. SplitGroups];

    /// <summary>Reads the dataset from end to end, and holds the import in memory.</summary>
    /// <param name="gateway">Where the dataset is; it need not exist.</param>
    /// <param name="dataset">Its name.</param>
    /// <param name="images">The import; each image once.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<DatasetComparison> MakeAsync(
        TopfiveClient gateway, string dataset, IReadOnlyList<PlannedImage> images, CancellationToken cancellation)
    {
        var planned = images.ToDictionary(image => image.Hash);
        var groups = new Dictionary<ByteString, SeenSides>();
        foreach (var image in images.Where(image => !image.File.Group.IsEmpty))
        {
            groups.TryAdd(image.File.Group, new SeenSides());
            groups[image.File.Group].Add(image.Side, image.File.Id);
        }

        List<Problem> relabelled = [], moved = [];
        await foreach (var example in ExamplesAsync(gateway, dataset, cancellation))
        {
            if (!ImageHash.TryRead(example.ImageHash.Span, out var hash) || !planned.TryGetValue(hash, out var image))
            {
                // An augmented copy goes where its original goes.
                if (example.Copy == 0 && groups.TryGetValue(example.Group, out var sides))
                {
                    sides.Add(example.Split, $"image {Convert.ToHexStringLower(example.ImageHash.Span)} in the dataset");
                }

                continue;
            }

            if (image.File.Label != example.Label)
            {
                relabelled.Add(new Problem(image.File.Id, $"\"{image.File.Label}\" in this import, \"{example.Label}\" in the dataset"));
            }

            if (image.Side != example.Split)
            {
                moved.Add(new Problem(image.File.Id, $"{Name(image.Side)} in this import, {Name(example.Split)} in the dataset"));
            }
        }

        return new DatasetComparison(
            relabelled, moved,
            [.. groups.Where(group => group.Value.AreBoth).Select(group => new Problem($"group {Readable(group.Key)}", group.Value.ToString()))]);
    }

    private static async IAsyncEnumerable<Example> ExamplesAsync(
        TopfiveClient gateway, string dataset, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        using var listing = gateway.Datasets.ListExamples(new ListExamplesRequest { Dataset = dataset }, cancellationToken: cancellation);
        while (await NextAsync())
        {
            yield return listing.ResponseStream.Current;
        }

        async Task<bool> NextAsync()
        {
            try
            {
                return await listing.ResponseStream.MoveNext(cancellation);
            }
            catch (RpcException failure) when (failure.StatusCode == StatusCode.NotFound)
            {
                return false;
            }
        }
    }

    private static string Name(Split split) => split.ToString().ToLowerInvariant();

    private static string Readable(ByteString group) =>
        group.Span.ContainsAnyExceptInRange((byte)' ', (byte)'~') ? Convert.ToHexStringLower(group.Span) : group.ToStringUtf8();

    /// <summary>The first of a group on either side.</summary>
    private sealed class SeenSides
    {
        private string? _training, _validation;

        public bool AreBoth => _training is not null && _validation is not null;

        public void Add(Split split, string name)
        {
            if (split == Split.Validation)
            {
                _validation ??= name;
            }
            else
            {
                _training ??= name;
            }
        }

        public override string ToString() => $"{_training} is training, {_validation} is validation";
    }
}
