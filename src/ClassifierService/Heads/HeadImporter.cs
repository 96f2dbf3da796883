using Microsoft.Extensions.Options;
using Topfive.Backbones;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>Takes a head from anyone: its bytes are counted while they come, and read with suspicion.</summary>
internal sealed class HeadImporter(HeadPublisher publisher, BackboneRegistry backbones, NamePolicy names, IOptions<HeadOptions> options) : IDisposable
{
    // A large model lies in memory three times while it is read; more than a few at once would be too much.
    private readonly SemaphoreSlim _places = new(2);

    public async Task<Head> ImportAsync(IAsyncEnumerable<ImportHeadRequest> parts, Caller caller, CancellationToken cancellation)
    {
        await _places.WaitAsync(cancellation);
        try
        {
            var (first, model) = await ReceiveAsync(parts, cancellation);
            var head = Read(first, model);
            await CheckInputsAsync(head);
            return await publisher.PublishAsync(first.Head, head, first.Promote, caller);
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _places.Dispose();

    private async Task<(ImportHeadRequest First, MemoryStream Model)> ReceiveAsync(
        IAsyncEnumerable<ImportHeadRequest> parts, CancellationToken cancellation)
    {
        var first = default(ImportHeadRequest);
        var model = new MemoryStream();
        await foreach (var part in parts.WithCancellation(cancellation))
        {
            if (first is null) names.Check(part.Head, "head");
            first ??= part;
            if (model.Length + part.Data.Length > options.Value.MaxImportBytes)
            {
                throw Failure.InvalidInput(
                    $"the model of head '{first.Head}' has more than {options.Value.MaxImportBytes:N0} bytes, the most that is accepted (Heads__MaxImportBytes)");
            }

            model.Write(part.Data.Span);
        }

        return (first ?? throw Failure.InvalidInput("the stream ended before its first message, which names the head"), model);
    }

    private static DenseHead Read(ImportHeadRequest first, MemoryStream model)
    {
        try
        {
            return HeadModel.Read(model.GetBuffer().AsSpan(0, (int)model.Length), first.Labels, first.BackboneFingerprint);
        }
        catch (InvalidDataException exception)
        {
            throw Failure.InvalidInput($"head '{first.Head}' cannot be imported: {exception.Message}", exception);
        }
    }

    private async Task CheckInputsAsync(DenseHead head)
    {
        var backbone = await backbones.CurrentAsync();
        if (backbone?.Fingerprint == head.BackboneFingerprint && backbone.Dimensions != head.Inputs)
        {
            throw Failure.InvalidInput($"the head reads vectors of {head.Inputs} numbers; those of its backbone {backbone.Fingerprint} have {backbone.Dimensions}");
        }
    }
}
