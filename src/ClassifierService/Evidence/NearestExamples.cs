using Google.Protobuf;
using Topfive.Classifier.V1;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>Shows what a head's answer rests on: the training examples whose vectors lie nearest.</summary>
internal sealed class NearestExamples(ExampleIndexes indexes)
{
    /// <summary>The most that one call may ask for.</summary>
    public const int Limit = 100;

    /// <exception cref="Failure">INVALID_ARGUMENT: out of range. FAILED_PRECONDITION: the head was not trained here.</exception>
    public static void Check(int count, ServingHead head)
    {
        if (count is < 0 or > Limit) throw Failure.InvalidInput($"nearest_examples is {count}; it must be 1 to {Limit}, or 0 for none");
        if (count > 0 && head.Description.Dataset.Length == 0)
        {
            throw Failure.Precondition(
                $"head '{head.Name}' version {head.Version} was imported, not trained here: it has no training examples to show; leave nearest_examples 0");
        }
    }

    /// <summary>Adds the nearest examples to an answer; waits, within the caller's deadline, when their vectors are not in memory yet.</summary>
    public async Task AddAsync(ClassifyResponse response, ServingHead head, NeighborQuery query, CancellationToken cancellation)
    {
        var dataset = new ExamplesKey(head.Description.Dataset, head.BackboneFingerprint, head.Inputs);
        var index = await indexes.GetAsync(dataset, head.Description.DatasetDigest, cancellation);
        foreach (var (row, cosine) in await index.FindAsync(query).WaitAsync(cancellation))
        {
            response.Neighbors.Add(new Neighbor
            {
                ImageHash = UnsafeByteOperations.UnsafeWrap(index.Images[row].ToByteArray()),
                Label = index.Labels[row],
                Cosine = (float)cosine,
            });
        }

        response.NeighborsDatasetDigest = index.Digest;
        response.NeighborsDatasetChanged = index.Digest != head.Description.DatasetDigest;
    }
}
