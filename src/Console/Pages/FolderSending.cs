using System.Diagnostics;
using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Components.Forms;
using Microsoft.JSInterop;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.Gateway.V1;

namespace Topfive.Consoles;

/// <summary>A chosen folder's images on their way into a dataset, one file in memory at a time.</summary>
internal sealed class FolderSending(GatewaySession session, string dataset, bool newLabelCounts, int maxImageBytes)
{
    private static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(200);

    private readonly Dictionary<ByteString, string> _labels = [];
    private int _added, _known, _duplicates, _relabelled;

    /// <summary>Files that are dealt with.</summary>
    public int Done { get; private set; }

    public List<string> Failures { get; } = [];

    public string Summary => string.Join("; ", new[]
    {
        $"{_added} images added ({_added - _known} computed, {_known} known already)",
        _duplicates > 0 ? $"{_duplicates} duplicates of others left out" : "",
        _relabelled > 0 ? $"{_relabelled} have a new label" : "",
        Failures.Count > 0 ? $"{Failures.Count} not added" : "",
    }.Where(part => part.Length > 0)) + ".";

    public async Task SendAsync(IReadOnlyList<(IBrowserFile File, string Path)> files, Func<Task> redraw, CancellationToken cancellation)
    {
        await ReadLabelsAsync(cancellation);
        using var ingest = session.Ingestion.Ingest(cancellationToken: cancellation);
        var reading = ReadAsync(ingest.ResponseStream, redraw, cancellation);
        try
        {
            foreach (var (file, path) in files)
            {
                if (await ImageOfAsync(file, path, cancellation) is { } image) await ingest.RequestStream.WriteAsync(image, cancellation);
                else Done++;
            }

            await ingest.RequestStream.CompleteAsync();
        }
        catch (Exception exception) when (exception is RpcException or InvalidOperationException)
        {
            // It takes no more, and the answer says why.
        }

        await reading;
    }

    /// <summary>What the dataset says of which image now; nothing where there is no such dataset.</summary>
    private async Task ReadLabelsAsync(CancellationToken cancellation)
    {
        try
        {
            using var examples = session.Datasets.ListExamples(new ListExamplesRequest { Dataset = dataset }, cancellationToken: cancellation);
            while (await examples.ResponseStream.MoveNext(cancellation))
            {
                if (examples.ResponseStream.Current is { Copy: 0 } example) _labels[example.ImageHash] = example.Label;
            }
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.NotFound)
        {
            // It begins with these images.
        }
    }

    /// <returns>Null when it is not sent; why is told.</returns>
    private async Task<LabeledImage?> ImageOfAsync(IBrowserFile file, string path, CancellationToken cancellation)
    {
        var label = path.Split('/') is [.., var folder, _] ? folder : "";
        if (label.Length == 0) return Fail($"{file.Name} is in no folder, which would be its label");
        if (file.Size > maxImageBytes) return Fail($"{path} has {Words.Number(file.Size)} bytes; at most {Words.Number(maxImageBytes)} are accepted (Limits__MaxImageBytes)");

        ByteString bytes;
        try
        {
            await using var stream = file.OpenReadStream(maxImageBytes, cancellation);
            bytes = await ByteString.FromStreamAsync(stream, cancellation);
        }
        catch (Exception exception) when (exception is IOException or JSException)
        {
            return Fail($"{path} cannot be read: was it moved or changed?");
        }

        var hash = ByteString.CopyFrom(SHA256.HashData(bytes.Span));
        if (_labels.TryGetValue(hash, out var other))
        {
            if (other == label)
            {
                _duplicates++;
                return null;
            }

            if (!newLabelCounts) return Fail($"{path} is in the dataset under “{other}”");
            _relabelled++;
        }

        _labels[hash] = label;
        return new LabeledImage { Id = path, Dataset = dataset, Label = label, Image = bytes };
    }

    private async Task ReadAsync(IAsyncStreamReader<IngestResult> results, Func<Task> redraw, CancellationToken cancellation)
    {
        var drawn = 0L;
        while (await results.MoveNext(cancellation))
        {
            Done++;
            var result = results.Current;
            if (result.Error is { } error)
            {
                Fail($"{result.Id}: {error.Message}");
            }
            else
            {
                _added++;
                if (result.Ingested.Source != Source.Computed) _known++;
            }

            if (Stopwatch.GetElapsedTime(drawn) < Redraw) continue;
            drawn = Stopwatch.GetTimestamp();
            await redraw();
        }
    }

    private LabeledImage? Fail(string why)
    {
        Failures.Add(Words.Sentence(why));
        return null;
    }
}
