using System.CommandLine;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Client;
using Topfive.Features.V1;

namespace Topfive.Cli;

/// <summary><c>topfive compare</c>: what several heads, or versions of one, say about the same images.</summary>
internal sealed class CompareCommand : GatewayCommand
{
    private readonly Argument<string[]> _images = new("image") { Description = "Image files", Arity = ArgumentArity.OneOrMore };

    private readonly Option<HeadVersion[]> _heads = HeadVersions.Option("--head", "A head, or NAME@VERSION; say it once for each");

    private readonly Option<int?> _top = Numbers.Option<int>(
        "--top", "How many labels [default: 5]", "1 to 2,000", value => value is >= 1 and <= 2_000);

    public CompareCommand(Terminal terminal) : base("compare", "Shows what several heads or versions say about the same images.", terminal)
    {
        _heads.Required = true;
        CompleteWith(_heads.CompletionSources, KnownNames.HeadsAsync);
        Arguments.Add(_images);
        Options.Add(_heads);
        Options.Add(_top);
    }

    protected override async Task<int> RunAsync(ParseResult parsed, TopfiveClient gateway, CancellationToken cancellation)
    {
        var failed = 0;
        foreach (var path in parsed.GetRequiredValue(_images))
        {
            try
            {
                failed += await CompareAsync(gateway, path, parsed.GetRequiredValue(_heads), parsed.GetValue(_top) ?? 5, IsJson(parsed), cancellation);
            }
            catch (RpcException refused) when (refused.StatusCode == StatusCode.InvalidArgument)
            {
                Terminal.Complain($"{path}: {RpcMessage.Of(refused)}");
                failed++;
            }
        }

        return failed == 0 ? 0 : 1;
    }

    /// <returns>How many heads could not answer.</returns>
    private async Task<int> CompareAsync(TopfiveClient gateway, string path, HeadVersion[] heads, int top, bool json, CancellationToken cancellation)
    {
        var image = UnsafeByteOperations.UnsafeWrap(await File.ReadAllBytesAsync(path, cancellation));
        var extracted = await gateway.Features.ExtractAsync(new ExtractRequest { Image = image }, cancellationToken: cancellation);
        var vector = new FloatVector { Values = { extracted.Vector } };
        var response = await gateway.Classification.CompareAsync(
            new CompareRequest { Heads = { heads }, Vector = vector, BackboneFingerprint = extracted.BackboneFingerprint, TopK = top },
            cancellationToken: cancellation);

        if (json)
        {
            var line = new JsonObject { ["image"] = path, ["image_hash"] = Convert.ToHexStringLower(extracted.ImageHash.Span) };
            line["heads"] = ProtoJson.Node(response)["heads"]!.DeepClone();
            WriteJson(ProtoJson.Line(line));
            return response.Heads.Count(head => head.Error is not null);
        }

        Terminal.Say($"{path}");
        var table = Terminal.Table(["head", "version", .. Enumerable.Range(1, top).Select(place => $"{place}.")]);
        foreach (var (asked, answer) in response.Heads.Select(head => (head.Head, head.Classified)).Where(head => head.Classified is not null))
        {
            var labels = answer.Predictions.Select(prediction => $"{prediction.Label} {prediction.Probability:P1}").Concat(Enumerable.Repeat("", top));
            table.Row([asked.Head, $"{answer.Version}", .. labels.Take(top)]);
        }

        table.Show();
        var refused = response.Heads.Where(head => head.Error is not null).ToArray();
        foreach (var head in refused)
        {
            Terminal.Complain($"{HeadVersions.Text(head.Head)}: {RpcMessage.Of((StatusCode)head.Error.Code, head.Error.Message)}");
        }

        return refused.Length;
    }
}
