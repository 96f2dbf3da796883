using System.CommandLine;
using System.Text.Json.Nodes;
using Topfive.Backbones;
using Topfive.FeatureService;
using Topfive.ServiceDefaults;

namespace Topfive.Cli;

/// <summary>
/// <c>topfive backbone quantize</c>: a float32 backbone becomes an int8 one, which is checked on images that it was not
/// calibrated with.
/// </summary>
internal sealed class QuantizeCommand : Command
{
    /// <summary>With 68 a drawing unlike all of them came to a cosine of 0.988, with 196 to over 0.997: docs/decisions/0017.</summary>
    private const int EnoughToCalibrate = 192;
    private const int LeastToCheck = 8;
    private const int MostToCheck = 64;
    private const int Batch = 8;

    private readonly Terminal _terminal;

    private readonly Option<string> _backbone = new("--backbone")
    {
        Description = "The .onnx file of a float32 backbone, as topfive backbone import writes it",
        Required = true,
    };

    private readonly Option<string> _calibrate = new("--calibrate")
    {
        Description = "Directory of images like those that it will see; folders in it count too",
        Required = true,
    };

    private readonly Option<string> _out = new("--out")
    {
        Description = "The .onnx file to write",
        Required = true,
    };

    private readonly Option<int?> _images = Numbers.Option<int>(
        "--images", $"How many of the images to calibrate with; unless told, three quarters of them and at most {EnoughToCalibrate}; others of them check the result",
        "a whole number from 1 to 10,000", number => number is >= 1 and <= 10_000);

    private readonly Option<bool> _json = new("--json") { Description = "Write what was made, and how near and fast it is, as one line of JSON" };

    public QuantizeCommand(Terminal terminal) : base("quantize", "Makes an int8 backbone of a float32 one: a quarter of the size, two to three times as fast on processors with VNNI.")
    {
        _terminal = terminal;
        Options.Add(_backbone);
        Options.Add(_calibrate);
        Options.Add(_out);
        Options.Add(_images);
        Options.Add(_json);
        SetAction(RunAsync);
    }

    private Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation) => Task.Run(
        () => Run(parsed.GetRequiredValue(_backbone), parsed.GetRequiredValue(_calibrate), parsed.GetRequiredValue(_out), parsed.GetValue(_images), parsed.GetValue(_json), cancellation),
        cancellation);

    private int Run(string backbone, string folder, string file, int? count, bool json, CancellationToken cancellation)
    {
        var terminal = json ? _terminal.WithoutResults() : _terminal;
        if (Path.GetFullPath(backbone) == Path.GetFullPath(file)) throw CommandFailure.WrongUsage("--out is the file of --backbone: name another one, both are needed to compare them");
        var source = BackboneFile.Read(backbone);
        var (toCalibrate, toCheck) = Share(folder, count);
        using var decoder = new ImageDecoder(
            Microsoft.Extensions.Options.Options.Create(new LimitOptions()), Microsoft.Extensions.Options.Options.Create(new DecodingOptions()));
        float[] Pixels(string path) => Decode(decoder, path, source);

        terminal.Say($"Calibrating with {toCalibrate.Length:N0} images");
        var quantized = BackboneQuantizer.Quantize(backbone, toCalibrate.Select(Pixels), file, cancellation);
        terminal.Say($"Wrote {file} ({new FileInfo(file).Length:N0} bytes), fingerprint {quantized.Fingerprint}");

        var compared = BackboneComparison.Measure(backbone, file, [.. toCheck.Select(Pixels)], Batch, Environment.ProcessorCount, cancellation);
        var worst = Array.IndexOf(compared.Cosines, compared.Cosines.Min());
        terminal.Say($"{toCheck.Length:N0} other images: cosine to the fp32 vectors {compared.Cosines.Average():F4} on average, at least {compared.Cosines[worst]:F4} ({toCheck[worst]})");
        if (json)
        {
            _terminal.Out.Profile.Out.Writer.WriteLine(ProtoJson.Line(new JsonObject
            {
                ["file"] = file,
                ["fingerprint"] = quantized.Fingerprint,
                ["mean_cosine"] = compared.Cosines.Average(),
                ["min_cosine"] = compared.Cosines[worst],
                ["speed"] = compared.Speed,
            }));
        }

        terminal.Say($"{compared.Speed:F1} times as many images a second, {Batch} at a time");
        return 0;
    }

    /// <summary>Both shares are spread over the whole folder, so that no class is left out of either.</summary>
    private static (string[] ToCalibrate, string[] ToCheck) Share(string folder, int? wanted)
    {
        if (!Directory.Exists(folder)) throw new CommandFailure($"There is no directory {folder} (--calibrate)");
        string[] images = [.. ImageNames.In(folder).Except(new HashSet<string>()).Select(name => Path.Combine(folder, name))];
        var count = wanted ?? Math.Clamp(images.Length * 3 / 4, 1, EnoughToCalibrate);
        if (images.Length < count + LeastToCheck)
        {
            throw new CommandFailure(
                $"{folder} holds {images.Length:N0} images, and {count + LeastToCheck:N0} are needed: {count:N0} to calibrate with (--images) and {LeastToCheck} others to check the result");
        }

        var toCalibrate = Spread(images, count);
        return (toCalibrate, Spread([.. images.Except(toCalibrate)], Math.Min(images.Length - count, MostToCheck)));
    }

    private static string[] Spread(string[] images, int count) => [.. Enumerable.Range(0, count).Select(i => images[(int)((long)i * images.Length / count)])];

    private static float[] Decode(ImageDecoder decoder, string path, BackboneFile backbone)
    {
        var pixels = new float[backbone.InputWidth * backbone.InputHeight * 3];
        try
        {
            decoder.Decode(File.ReadAllBytes(path), pixels, backbone.InputWidth, backbone.InputHeight);
        }
        catch (Failure failure)
        {
            throw new CommandFailure($"{path}: {failure.Message}", failure);
        }

        return pixels;
    }
}
