using System.Globalization;
using Google.Protobuf;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Topfive.Gateway.V1;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>
/// POST /v1/predict/{head}: images as curl sends them, by a form or one as the body; Prediction.Predict's answer. Several images of a
/// form are answered as PredictStream answers them, in their order, and one that is bad fails alone.
/// </summary>
internal sealed class PredictEndpoint(Predictor predictor, StreamItems items, CallLimits limits, IOptions<ServicesOptions> services)
{
    public const string Method = "/topfive.gateway.v1.Prediction/Predict";

    public async Task<IResult> AnswerAsync(string head, HttpContext http)
    {
        try
        {
            var asked = QuestionIn(head, http.Request.Query);
            var images = await ReadAsync(http.Request, http.RequestAborted);
            var call = new HttpCallContext(http, Method);
            return images is [var only]
                ? JsonAnswers.Of(await predictor.PredictAsync(Ask(asked, only.Bytes), call))
                : Results.Text($"{{ \"results\": [ {string.Join(", ", await AnswerEachAsync(asked, images, http, call))} ] }}", "application/json");
        }
        catch (Exception exception) when (!FailureTable.IsUnforeseen(exception))
        {
            return JsonAnswers.Of(exception);
        }
    }

    private async Task<string[]> AnswerEachAsync(PredictRequest asked, List<(string Name, ByteString Bytes)> images, HttpContext http, HttpCallContext call)
    {
        var answers = new string[images.Count];
        await Parallel.ForAsync(0, images.Count, new ParallelOptions { MaxDegreeOfParallelism = services.Value.ItemsInFlight, CancellationToken = http.RequestAborted }, async (place, stop) =>
        {
            // The call was counted as one; each further image is as much as one.
            if (place > 0) await limits.WaitAsync(http, stop);
            var answer = await items.AnswerItemAsync(
                images[place],
                async image => new PredictStreamResponse { Id = image.Name, Predicted = await predictor.PredictAsync(Ask(asked, image.Bytes), call) },
                (image, error) => new PredictStreamResponse { Id = image.Name, Error = error },
                call);
            answers[place] = JsonAnswers.Format(answer);
        });
        return answers;
    }

    private static PredictRequest Ask(PredictRequest asked, ByteString image) => new(asked) { Image = image };

    /// <exception cref="Failure">INVALID_ARGUMENT, naming the parameter.</exception>
    private static PredictRequest QuestionIn(string head, IQueryCollection query)
    {
        var asked = new PredictRequest { Head = head };
        foreach (var (name, values) in query)
        {
            var value = $"{values}";
            switch (name)
            {
                case "top_k": asked.TopK = (int)Number(name, value, int.MaxValue); break;
                case "version": asked.Version = Number(name, value, long.MaxValue); break;
                case "nearest_examples": asked.NearestExamples = (int)Number(name, value, int.MaxValue); break;
                case "answer_unknown" when bool.TryParse(value, out var answer): asked.AnswerUnknown = answer; break;
                case "answer_unknown": throw Failure.InvalidInput($"answer_unknown is '{value}'; it is true or false");
                default: throw Failure.InvalidInput($"there is no parameter '{name}'; there are top_k, version, nearest_examples and answer_unknown");
            }
        }

        return asked;
    }

    private static long Number(string name, string value, long most) =>
        long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= most
            ? number : throw Failure.InvalidInput($"{name} is '{value}'; it is a whole number from 0");

    private static async Task<List<(string Name, ByteString Bytes)>> ReadAsync(HttpRequest request, CancellationToken stop)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase))
        {
            throw Failure.InvalidInput("send the image as a form (curl -F image=@FILE), or as the body with its type (curl --data-binary @FILE -H content-type:image/jpeg)");
        }

        if (!type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase)) return [("", await ByteString.FromStreamAsync(request.Body, stop))];

        var boundary = HeaderUtilities.RemoveQuotes(type.Boundary).Value;
        if (string.IsNullOrEmpty(boundary)) throw Failure.InvalidInput("multipart/form-data has no boundary");
        List<(string, ByteString)> images;
        try
        {
            images = await ReadFormAsync(new MultipartReader(boundary, request.Body), stop);
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException && exception is not BadHttpRequestException)
        {
            throw Failure.InvalidInput($"the form cannot be read: {exception.Message}", exception);
        }

        return images.Count > 0 ? images : throw Failure.InvalidInput("the form has no image: curl -F image=@FILE");
    }

    private static async Task<List<(string Name, ByteString Bytes)>> ReadFormAsync(MultipartReader form, CancellationToken stop)
    {
        var images = new List<(string, ByteString)>();
        while (await form.ReadNextSectionAsync(stop) is { } section)
        {
            if (section.GetContentDispositionHeader() is not { } part) continue;
            var name = HeaderUtilities.RemoveQuotes(part.Name).Value;
            if (name != "image") throw Failure.InvalidInput($"the form has a field '{name}'; its fields are image=@FILE, one or several");
            images.Add((HeaderUtilities.RemoveQuotes(part.FileName).Value ?? "", await ByteString.FromStreamAsync(section.Body, stop)));
        }

        return images;
    }
}
