using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;
using Microsoft.JSInterop;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.Gateway.V1;

namespace Topfive.Consoles;

public sealed partial class TryPage
{
    private const int MostImages = 24;
    private const int NearestImages = 6;

    private readonly List<TriedImage> _images = [];
    private IReadOnlyList<Head>? _heads;
    private IReadOnlyList<Head> _versions = [];
    private InputFile? _input;
    private string _head = "", _progress = "";
    private long _version;
    private bool _nearest, _unknown;

    /// <summary>Which head to begin with; absent: the first in name order.</summary>
    [SupplyParameterFromQuery]
    private string? Head { get; set; }

    /// <summary>Absent: the live one.</summary>
    [SupplyParameterFromQuery]
    private long? Version { get; set; }

    private long? LiveVersion => _versions.FirstOrDefault(head => head.Live)?.Version;

    private Head? Chosen => _versions.FirstOrDefault(head => _version == 0 ? head.Live : head.Version == _version);

    protected override async Task OnInitializedAsync()
    {
        if (!await TryAsync(async () => _heads = (await Session.Heads.ListHeadsAsync(new ListHeadsRequest(), cancellationToken: Left)).Heads)) return;
        _head = Head ?? (_heads is [var first, ..] ? first.Head_ : "");
        _version = Version ?? 0;
        await ReadVersionsAsync();
    }

    /// <summary>Of the chosen head; the list of all heads has one version of each.</summary>
    private async Task ReadVersionsAsync()
    {
        _versions = [];
        if (_head.Length == 0) return;
        await TryAsync(async () => _versions = (await Session.Heads.ListHeadsAsync(new ListHeadsRequest { Head = _head }, cancellationToken: Left)).Heads);
        _unknown = Chosen?.Unknown is not null;
    }

    private async Task TakeAsync(InputFileChangeEventArgs chosen)
    {
        if (chosen.FileCount > MostImages)
        {
            _progress = $"{chosen.FileCount} files were given; at most {MostImages} are looked at at a time. For more, use topfive predict.";
            return;
        }

        var files = chosen.GetMultipleFiles(MostImages);
        var previews = await Js.InvokeAsync<string[]>("topfiveConsole.previews", _input!.Element);
        var taken = files.Zip(previews, (file, preview) => (File: file, Image: new TriedImage(file.Name, file.Size) { Preview = preview })).ToList();
        _images.InsertRange(0, taken.Select(item => item.Image));
        while (_images.Count > 2 * MostImages) await DropLastAsync();
        foreach (var ((file, image), i) in taken.Select((item, i) => (item, i)))
        {
            _progress = $"{i + 1} of {taken.Count}: {image.Name}";
            StateHasChanged();
            await AskAsync(image, file);
        }

        _progress = "";
    }

    private async Task AskAsync(TriedImage image, IBrowserFile file)
    {
        if (file.Size > Limits.Value.MaxImageBytes)
        {
            image.Problem = $"{file.Name} has {Words.Number(file.Size)} bytes; at most {Words.Number(Limits.Value.MaxImageBytes)} are accepted (Limits__MaxImageBytes).";
            return;
        }

        try
        {
            await using var stream = file.OpenReadStream(Limits.Value.MaxImageBytes, Left);
            await AskAsync(image, await ByteString.FromStreamAsync(stream, Left));
        }
        catch (Exception exception) when (exception is IOException or JSException)
        {
            // The browser lets go of files when others are chosen.
            image.Problem = $"{file.Name} cannot be read: was it moved or changed?";
        }
    }

    /// <param name="image">What is asked about.</param>
    /// <param name="bytes">The encoded image; null: it is known by its hash.</param>
    private async Task AskAsync(TriedImage image, ByteString? bytes = null)
    {
        var request = new PredictRequest
        {
            Head = _head,
            Version = _version,
            // All of them: the truth may be far down.
            TopK = Math.Clamp(Chosen?.Labels.Count ?? 5, 5, 2000),
            NearestExamples = _nearest ? NearestImages : 0,
            AnswerUnknown = _unknown && Chosen?.Unknown is not null,
        };
        if (bytes is null) request.ImageHash = image.Hash;
        else request.Image = bytes;

        var began = Stopwatch.GetTimestamp();
        try
        {
            var answer = await Session.Predictions.PredictAsync(request, cancellationToken: Left);
            (image.Took, image.Answer, image.Hash, image.Problem) = (Stopwatch.GetElapsedTime(began), answer, answer.ImageHash, null);
            image.Thumbnails = await Session.ThumbnailsAsync(answer.Neighbors.Select(neighbor => neighbor.ImageHash), Left);
        }
        catch (RpcException refusal)
        {
            (image.Answer, image.Problem) = (null, Words.Of(refusal));
        }
    }

    private async Task AskAgainAsync()
    {
        foreach (var image in _images.Where(image => image.Hash.Length > 0))
        {
            await AskAsync(image);
            StateHasChanged();
        }
    }

    private async Task ChooseHeadAsync(ChangeEventArgs choice)
    {
        (_head, _version) = ((string)choice.Value!, 0);
        await ReadVersionsAsync();
        await AskAgainAsync();
    }

    private Task ChooseVersionAsync(ChangeEventArgs choice)
    {
        _version = long.Parse((string)choice.Value!, System.Globalization.CultureInfo.InvariantCulture);
        return AskAgainAsync();
    }

    /// <returns>Where the truth stands when it is not among the five; null: it is, or nobody said it.</returns>
    private static string? Rank(TriedImage image)
    {
        var place = image.Answer!.Predictions.Select(label => label.Label).ToList().IndexOf(image.Truth);
        return place < 5 ? null : $"“{image.Truth}” is not among the five: it is number {place + 1} with {Words.Percent(image.Answer.Predictions[place].Probability, 2)}.";
    }

    private async Task ClearAsync()
    {
        while (_images.Count > 0) await DropLastAsync();
    }

    private async Task DropLastAsync()
    {
        var last = _images[^1];
        _images.RemoveAt(_images.Count - 1);
        if (last.Preview is not null) await Js.InvokeVoidAsync("topfiveConsole.forget", Left, (object)new[] { last.Preview });
    }
}
