using System.CommandLine;
using System.Numerics.Tensors;
using System.Text.Json.Nodes;
using Topfive.Backbones;

namespace Topfive.Cli;

/// <summary><c>topfive backbone convert</c>: a float32 backbone becomes one for GPUs, in float16, reading bytes, or both.</summary>
internal sealed class ConvertCommand : Command
{
    private const string Float32 = "float32";
    private const string UInt8 = "uint8";

    private readonly Terminal _terminal;

    private readonly Option<string> _backbone = new("--backbone")
    {
        Description = "The .onnx file of a float32 backbone, as topfive backbone import writes it",
        Required = true,
    };

    private readonly Option<string> _out = new("--out")
    {
        Description = "The .onnx file to write",
        Required = true,
    };

    private readonly Option<string> _precision = new Option<string>("--precision")
    {
        Description = "Of weights and arithmetic; vectors are float32 either way",
        DefaultValueFactory = _ => BackboneConverter.Fp16,
    }.AcceptOnlyFromAmong(BackboneConverter.Fp16, BackboneConverter.Fp32);

    private readonly Option<string> _pixels = new Option<string>("--pixels")
    {
        Description = "What it reads: uint8 is a quarter of the bytes to copy to a GPU, and rounds the resized pixels",
        DefaultValueFactory = _ => Float32,
    }.AcceptOnlyFromAmong(Float32, UInt8);

    private readonly Option<bool> _json = new("--json") { Description = "Write what was made as one line of JSON" };

    public ConvertCommand(Terminal terminal) : base("convert", "Makes a backbone for GPUs of a float32 one: half the size, arithmetic for tensor cores.")
    {
        _terminal = terminal;
        Options.Add(_backbone);
        Options.Add(_out);
        Options.Add(_precision);
        Options.Add(_pixels);
        Options.Add(_json);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var (backbone, file) = (parsed.GetRequiredValue(_backbone), parsed.GetRequiredValue(_out));
        var precision = parsed.GetRequiredValue(_precision);
        var pixels = parsed.GetRequiredValue(_pixels) == UInt8 ? PixelType.Bytes : PixelType.Floats;
        if (Path.GetFullPath(backbone) == Path.GetFullPath(file)) throw CommandFailure.WrongUsage("--out is the file of --backbone: name another one, the first one stays the reference");
        if (precision == BackboneConverter.Fp32 && pixels == PixelType.Floats)
        {
            throw CommandFailure.WrongUsage("--precision fp32 with --pixels float32 leaves the backbone as it is: name fp16, uint8 or both");
        }

        var converted = await Task.Run(() => BackboneConverter.Convert(backbone, precision, pixels, file), cancellation);
        var cosine = TensorPrimitives.CosineSimilarity<float>(BackboneFile.Read(backbone).GoldenVector, converted.GoldenVector);
        if (parsed.GetValue(_json))
        {
            _terminal.Out.Profile.Out.Writer.WriteLine(ProtoJson.Line(new JsonObject { ["file"] = file, ["fingerprint"] = converted.Fingerprint, ["golden_cosine"] = cosine }));
            return 0;
        }

        _terminal.Say($"Wrote {file} ({new FileInfo(file).Length:N0} bytes), fingerprint {converted.Fingerprint}");
        _terminal.Say($"Cosine of the golden image's vector to that of {backbone}: {cosine:F6}");
        return 0;
    }
}
