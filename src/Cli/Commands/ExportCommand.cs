using System.CommandLine;
using System.Text.Json.Nodes;
using Topfive.Backbones;
using Topfive.Classifier.V1;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary><c>topfive export</c>: a head as an ONNX file, or a dataset with its vectors for numpy or as Parquet.</summary>
internal sealed class ExportCommand : GatewayCommand
{
    private const string Npy = "npy";
    private const string Parquet = "parquet";

    private readonly Option<string> _head = new("--head") { Description = "The head to write as ONNX" };

    private readonly Option<long?> _version = Numbers.Option<long>(
        "--version", "Its version [default: the live one]", "a version's number, from 1", value => value >= 1);

    private readonly Option<bool> _fused = new("--fused")
    {
        Description = "Write the backbone and the head as one model: float32 \"pixels\" [n, 299, 299, 3] in (RGB, 0 to 255)",
    };

    private readonly Option<string?> _backbone = new("--backbone")
    {
        Description = "For --fused: the .onnx file of the head's backbone [default: Backbone__Model, or models/inception_v3.onnx of the checkout]",
    };

    private readonly Option<string> _vectors = new("--vectors") { Description = "The dataset to write with its vectors" };

    private readonly Option<string> _format = new Option<string>("--format")
    {
        Description = "Of vectors: npy is a folder of vectors.npy (float32), labels.npy, splits.npy, groups.npy, hashes.npy and backbone.txt; parquet is one file",
        DefaultValueFactory = _ => Npy,
    }.AcceptOnlyFromAmong(Npy, Parquet);

    private readonly Option<string> _out = new("--out") { Description = "The file to write; for npy the folder", Required = true };

    public ExportCommand(Terminal terminal)
        : base(
            "export",
            "Writes a head as ONNX (float32 \"vector\" [n, 2048] in, \"probabilities\" [n, labels] out), or a dataset's vectors, labels, splits, groups and hashes, which topfive import --vectors reads.",
            terminal)
    {
        CompleteWith(_head.CompletionSources, KnownNames.HeadsAsync);
        CompleteWith(_vectors.CompletionSources, KnownNames.DatasetsAsync);
        Options.Add(_head);
        Options.Add(_version);
        Options.Add(_fused);
        Options.Add(_backbone);
        Options.Add(_vectors);
        Options.Add(_format);
        Options.Add(_out);
        Validators.Add(result =>
        {
            if (result.GetResult(_head) is null == result.GetResult(_vectors) is null)
            {
                result.AddError("export needs --head or --vectors, and not both.");
            }

            if (result.GetValue(_fused) && result.GetResult(_vectors) is not null)
            {
                result.AddError("--fused goes with --head.");
            }

            if (result.GetValue(_backbone) is not null && !result.GetValue(_fused))
            {
                result.AddError("--backbone goes with --fused.");
            }
        });
    }

    protected override Task<int> RunAsync(ParseResult parsed, TopfiveClient gateway, CancellationToken cancellation) =>
        parsed.GetValue(_vectors) is { } dataset
            ? ExportVectorsAsync(dataset, parsed, gateway, cancellation)
            : ExportHeadAsync(parsed, gateway, cancellation);

    private async Task<int> ExportVectorsAsync(string dataset, ParseResult parsed, TopfiveClient gateway, CancellationToken cancellation)
    {
        var path = parsed.GetRequiredValue(_out);
        var examples = await new VectorExport(gateway, dataset).RunAsync(
            async header => parsed.GetValue(_format) == Parquet
                ? await ParquetVectors.CreateAsync(path, header, cancellation)
                : new NpyFolder(path, header),
            cancellation);
        if (IsJson(parsed)) WriteJson(ProtoJson.Line(new JsonObject { ["file"] = path, ["examples"] = examples }));
        Terminal.Say($"Wrote {examples:N0} examples to {path}");
        return 0;
    }

    private async Task<int> ExportHeadAsync(ParseResult parsed, TopfiveClient gateway, CancellationToken cancellation)
    {
        var request = new ExportHeadRequest
        {
            Head = parsed.GetRequiredValue(_head),
            Version = parsed.GetValue(_version) ?? 0,
            Format = HeadFormat.Onnx,
        };
        var file = parsed.GetRequiredValue(_out);
        // A download that breaks off must not look like a model.
        await using (var unfinished = new UnfinishedFile(file))
        {
            if (parsed.GetValue(_fused)) await WriteFusedAsync(request, parsed.GetValue(_backbone), gateway, unfinished.Stream, cancellation);
            else await gateway.ExportHeadAsync(request, unfinished.Stream, cancellation);
            await unfinished.FinishAsync();
        }

        if (IsJson(parsed)) WriteJson(ProtoJson.Line(new JsonObject { ["file"] = file, ["bytes"] = new FileInfo(file).Length }));
        Terminal.Say($"Wrote {file} ({new FileInfo(file).Length:N0} bytes)");
        return 0;
    }

    /// <summary>The services hold heads only: the backbone's file is this machine's, and its fingerprint says whether it is the right one.</summary>
    private async Task WriteFusedAsync(ExportHeadRequest request, string? backbone, TopfiveClient gateway, Stream target, CancellationToken cancellation)
    {
        var path = await BackboneModel.EnsureAsync(backbone ?? Environment.GetEnvironmentVariable("Backbone__Model"), Terminal, cancellation);
        using var head = new MemoryStream();
        await gateway.ExportHeadAsync(request, head, cancellation);
        await target.WriteAsync(await Task.Run(() => FusedModel.Write(path, head.GetBuffer().AsSpan(0, (int)head.Length)), cancellation), cancellation);
    }
}
