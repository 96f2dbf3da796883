using System.CommandLine;
using Google.Protobuf;
using Grpc.Core;
using Topfive.Client;
using Topfive.Gateway.V1;

namespace Topfive.Cli;

/// <summary><c>topfive predict</c>: the most probable labels of images.</summary>
internal sealed class PredictCommand : GatewayCommand
{
    // Enough images under way to fill a batch of the backbone.
    private const int AtOnce = 8;

    private readonly Argument<string[]> _images = new("image") { Description = "Image files", Arity = ArgumentArity.OneOrMore };

    private readonly Option<string?> _head = new("--head") { Description = "The head that names the labels [default: the only one]" };

    private readonly Option<long?> _version = Numbers.Option<long>(
        "--version", "Version of the head [default: the live one]", "a version's number, from 1", value => value >= 1);

    private readonly Option<int?> _top = Numbers.Option<int>(
        "--top", "How many labels [default: 5]", "1 to 2,000", value => value is >= 1 and <= 2_000);

    private readonly Option<int?> _nearest = Numbers.Option<int>(
        "--nearest", "Show so many of the training examples nearest to the image", "1 to 100", value => value is >= 1 and <= 100);

    private readonly Option<bool> _unknown = new("--unknown") { Description = "Say so when an image is like nothing the head was trained on" };

    private readonly Option<string?> _truth = new("--truth") { Description = "The true label of the images: its bar is green" };

    private readonly Option<string?> _figure = new("--figure")
    {
        Description = "Write image and bars as a PNG; with several images the file's name gets -1, -2, …",
    };

    public PredictCommand(Terminal terminal)
        : base("predict", "Names the most probable labels of images.", terminal)
    {
        CompleteWith(_head.CompletionSources, KnownNames.HeadsAsync);
        Arguments.Add(_images);
        Options.Add(_head);
        Options.Add(_version);
        Options.Add(_top);
        Options.Add(_nearest);
        Options.Add(_unknown);
        Options.Add(_truth);
        Options.Add(_figure);
    }

    protected override async Task<int> RunAsync(ParseResult parsed, TopfiveClient gateway, CancellationToken cancellation)
    {
        var images = parsed.GetRequiredValue(_images);
        var request = new PredictRequest
        {
            Head = parsed.GetValue(_head) ?? await HeadChoice.OnlyAsync(gateway, cancellation),
            Version = parsed.GetValue(_version) ?? 0,
            TopK = parsed.GetValue(_top) ?? 5,
            NearestExamples = parsed.GetValue(_nearest) ?? 0,
            AnswerUnknown = parsed.GetValue(_unknown),
        };
        var truth = parsed.GetValue(_truth);
        var failed = 0;
        var number = 0;
        foreach (var chunk in images.Chunk(AtOnce))
        {
            foreach (var answer in await Task.WhenAll(chunk.Select(path => PredictAsync(gateway, request, path, cancellation))))
            {
                number++;
                failed += answer.Failure is null ? 0 : 1;
                Show(answer, truth, IsJson(parsed));
                if (parsed.GetValue(_figure) is { } figure && answer.Failure is null)
                {
                    SaveFigure(Terminal, images.Length == 1 ? figure : Numbered(figure, number), answer, truth);
                }
            }
        }

        return failed == 0 ? 0 : 1;
    }

    /// <summary>Asks for one image; a file or an image that is refused is an answer too.</summary>
    public static async Task<Answer> PredictAsync(
        TopfiveClient gateway, PredictRequest request, string path, CancellationToken cancellation)
    {
        byte[] image;
        try
        {
            image = await File.ReadAllBytesAsync(path, cancellation);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new Answer(path, [], null, new Failure("FILE", failure.Message));
        }

        var ofImage = request.Clone();
        ofImage.Image = UnsafeByteOperations.UnsafeWrap(image);
        try
        {
            return new Answer(path, image, await gateway.Prediction.PredictAsync(ofImage, cancellationToken: cancellation), null);
        }
        catch (RpcException failure) when (failure.StatusCode is StatusCode.InvalidArgument or StatusCode.ResourceExhausted)
        {
            return new Answer(path, image, null, new Failure(RpcMessage.Name(failure.StatusCode), failure.Status.Detail));
        }
    }

    /// <summary>Writes the figure of an answer.</summary>
    public static void SaveFigure(Terminal terminal, string path, Answer answer, string? truth)
    {
        PredictionFigure.Save(path, answer.Image, Path.GetFileName(answer.Path), answer.Response!.Predictions, truth);
        terminal.Say($"Wrote {path}");
    }

    /// <summary>Shows an answer as bars.</summary>
    public static void ShowBars(Terminal terminal, Answer answer, string? truth)
    {
        var response = answer.Response!;
        terminal.Say($"{answer.Path}  ({response.Head} v{response.Version}, {Origin(response)}{(truth is null ? "" : $", in truth {truth}")})");
        if (response.Unknown is { } unknown)
        {
            var label = response.Predictions[0].Label;
            terminal.Say(unknown.Unknown_
                ? (FormattableString)$"  unknown: distance {unknown.Score:F1} is beyond {unknown.Threshold:F1}; {label} is only the nearest label"
                : $"  known: distance {unknown.Score:F1} is within {unknown.Threshold:F1}");
        }

        PredictionBars.Show(terminal, response.Predictions, truth);
        NeighborLines.Show(terminal, response.Neighbors, response.NeighborsDatasetChanged);
    }

    private void Show(Answer answer, string? truth, bool json)
    {
        if (json)
        {
            WriteJson(PredictionJson.Line(answer));
        }
        else if (answer.Failure is { } failure)
        {
            Terminal.Complain($"{answer.Path}: {failure.Status}: {failure.Message}");
        }
        else
        {
            ShowBars(Terminal, answer, truth);
        }
    }

    private static string Origin(PredictResponse response) =>
        response.Source == Features.V1.Source.Computed ? "computed" : "vector from the store";

    private static string Numbered(string path, int number) =>
        Path.Combine(Path.GetDirectoryName(path) ?? "", $"{Path.GetFileNameWithoutExtension(path)}-{number}{Path.GetExtension(path)}");

    /// <summary>What came back for one image: a response or a failure.</summary>
    public sealed record Answer(string Path, byte[] Image, PredictResponse? Response, Failure? Failure);

    /// <param name="Status">As gRPC spells it, or FILE when the file could not be read.</param>
    /// <param name="Message">For the person who has to act on it.</param>
    public sealed record Failure(string Status, string Message);
}
