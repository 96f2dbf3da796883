using System.CommandLine;
using Grpc.Core;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary><c>topfive export</c>: a head as an ONNX file.</summary>
internal sealed class ExportCommand : GatewayCommand
{
    private readonly Option<string> _head = new("--head") { Description = "The head's name", Required = true };

    private readonly Option<long?> _version = Numbers.Option<long>(
        "--version", "Its version [default: the live one]", "a version's number, from 1", value => value >= 1);

    private readonly Option<string> _out = new("--out") { Description = "The file to write", Required = true };

    public ExportCommand(Terminal terminal)
        : base("export", "Writes a head as ONNX: float32 \"vector\" [n, 2048] in, \"probabilities\" [n, labels] out.", terminal)
    {
        Options.Add(_head);
        Options.Add(_version);
        Options.Add(_out);
    }

    protected override async Task<int> RunAsync(ParseResult parsed, GatewayClient gateway, CancellationToken cancellation)
    {
        var request = new ExportHeadRequest
        {
            Head = parsed.GetRequiredValue(_head),
            Version = parsed.GetValue(_version) ?? 0,
            Format = HeadFormat.Onnx,
        };
        var file = parsed.GetRequiredValue(_out);
        // A download that breaks off must not look like a model.
        var unfinished = file + ".part";
        try
        {
            using var call = gateway.Heads.ExportHead(request, cancellationToken: cancellation);
            await using (var stream = File.Create(unfinished))
            {
                await foreach (var part in call.ResponseStream.ReadAllAsync(cancellation))
                {
                    await stream.WriteAsync(part.Data.Memory, cancellation);
                }
            }

            File.Move(unfinished, file, overwrite: true);
        }
        finally
        {
            File.Delete(unfinished);
        }

        Terminal.Say($"Wrote {file} ({new FileInfo(file).Length:N0} bytes)");
        return 0;
    }
}
