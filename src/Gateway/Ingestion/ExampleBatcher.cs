using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Options;
using Topfive.Classifier.V1;
using Topfive.Gateway.V1;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>
/// Adds the examples of one Ingest call: those that wait while a call to AddExamples is under way ride together in the
/// next one, so that a fast stream pays one round trip for many examples and a slow one does not wait.
/// </summary>
internal sealed class ExampleBatcher : IAsyncDisposable
{
    private readonly record struct Pending(Example Example, TaskCompletionSource Added);

    private readonly Channel<Pending> _pending;
    private readonly Datasets.DatasetsClient _datasets;
    private readonly ServicesOptions _services;
    private readonly ServerCallContext _caller;
    private readonly Task _adding;

    public ExampleBatcher(Datasets.DatasetsClient datasets, IOptions<ServicesOptions> services, ServerCallContext caller)
    {
        _datasets = datasets;
        _services = services.Value;
        _caller = caller;
        _pending = Channel.CreateBounded<Pending>(new BoundedChannelOptions(_services.ItemsInFlight) { SingleReader = true });
        _adding = Task.Run(AddWaitingAsync);
    }

    /// <summary>Done when the example, and with it those of the image's augmented copies, is in the dataset.</summary>
    public async Task AddAsync(LabeledImage image, Ingested ingested)
    {
        var example = new Example
        {
            Dataset = image.Dataset,
            ImageHash = ingested.ImageHash,
            Label = image.Label,
            Split = image.Split,
            Group = image.Group,
            AugmentedCopies = ingested.AugmentedCopies,
            Augmentation = image.Augmentation,
        };
        var pending = new Pending(example, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await _pending.Writer.WriteAsync(pending, _caller.CancellationToken);
        await pending.Added.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _pending.Writer.Complete();
        await _adding;
    }

    private async Task AddWaitingAsync()
    {
        Spans.Quieten();
        var batch = new List<Pending>();
        while (await _pending.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (_pending.Reader.TryRead(out var pending))
            {
                batch.Add(pending);
            }

            await AddAsync(batch);
        }
    }

    private async Task AddAsync(List<Pending> batch)
    {
        try
        {
            var missing = await SendAsync(batch.Select(pending => pending.Example));
            foreach (var (example, added) in batch)
            {
                if (missing.Contains(example.ImageHash))
                {
                    added.SetException(Failure.Precondition(
                        $"the classifier finds no vector of image {Convert.ToHexStringLower(example.ImageHash.Span)}: do FeatureService and ClassifierService use the same store?"));
                }
                else
                {
                    added.SetResult();
                }
            }
        }
        catch (Exception exception)
        {
            // Whatever it is, each of them waits to hear of it.
            batch.ForEach(pending => pending.Added.TrySetException(exception));
        }
    }

    private async Task<HashSet<ByteString>> SendAsync(IEnumerable<Example> examples)
    {
        using var call = _datasets.AddExamples(_caller.Downstream(_services));
        try
        {
            foreach (var example in examples)
            {
                await call.RequestStream.WriteAsync(example);
            }

            await call.RequestStream.CompleteAsync();
        }
        catch (Exception exception) when (exception is RpcException or InvalidOperationException)
        {
            // It takes no more, and the answer says why.
        }

        return [.. (await call).MissingVectors];
    }
}
