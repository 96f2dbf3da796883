using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Topfive.Backbones.Onnx;

namespace Topfive.Backbones;

/// <summary>How an int8 backbone came to be.</summary>
/// <param name="SourceFingerprint">Of the float32 backbone.</param>
/// <param name="CalibrationDigest">64 lower-case hexadecimal digits: SHA-256 over the pixels of the images that its ranges come from, in order.</param>
/// <param name="CalibrationImages">How many images those were.</param>
public sealed record Quantization(string SourceFingerprint, string CalibrationDigest, int CalibrationImages);

/// <summary>What a backbone's .onnx file says about itself, in its metadata.</summary>
public sealed record BackboneFile
{
    /// <summary>With reduced decoding, both sides of what a JPEG is decoded to are at least this many times the network's.</summary>
    public const int ReducedMultiple = 2;

    // Buffers are made by what a file says: no network here comes near.
    private const int MaxDimensions = 1 << 16;
    private const int MaxSide = 1 << 12;

    private const string Prefix = "topfive.";
    private const string Float32Pixels = "float32";
    private const string UInt8Pixels = "uint8";

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>The architecture: "inception_v3".</summary>
    public required string Name { get; init; }

    /// <summary>
    /// 64 lower-case hexadecimal digits: SHA-256 over the canonical weights, the preprocessing and the precision. Vectors
    /// of two fingerprints must never be mixed.
    /// </summary>
    public required string Fingerprint { get; init; }

    /// <summary>Length of a vector.</summary>
    public required int Dimensions { get; init; }

    /// <summary>In pixels.</summary>
    public required int InputWidth { get; init; }

    /// <summary>In pixels.</summary>
    public required int InputHeight { get; init; }

    /// <summary>How an image becomes the network's input, e.g. "rgb; bilinear 299x299, half-pixel centres; [0,1]".</summary>
    public required string Preprocessing { get; init; }

    /// <summary>"fp32", "fp16" or "int8".</summary>
    public required string Precision { get; init; }

    /// <summary>What its input is made of; part of <see cref="Preprocessing"/>.</summary>
    public PixelType Pixels { get; init; }

    /// <summary>Where the weights came from.</summary>
    public required string Source { get; init; }

    /// <summary><see cref="BackboneImporter.Version"/> of the importer that wrote the file.</summary>
    public required int ImporterVersion { get; init; }

    /// <summary>Labels of the dense head that came with the weights, in index order; empty: none came.</summary>
    public required string[] HeadLabels { get; init; }

    /// <summary>The vector of <see cref="GoldenImage.Pixels"/>, as ONNX Runtime on CPU computed it at import.</summary>
    public required float[] GoldenVector { get; init; }

    /// <summary>What an int8 backbone was made from; null: it is none.</summary>
    public Quantization? Quantization { get; init; }

    /// <summary>Fingerprint of the backbone that it was converted from; null: it was imported or quantized.</summary>
    public string? ConvertedFrom { get; init; }

    /// <summary>Reads the metadata of a file; its weights are passed over.</summary>
    /// <exception cref="InvalidDataException">It is no backbone's file.</exception>
    public static BackboneFile Read(string path)
    {
        using var stream = File.OpenRead(path);
        Dictionary<string, string> metadata;
        try
        {
            metadata = ModelMetadata.Read(stream);
        }
        catch (Exception exception) when (exception is InvalidDataException or InvalidProtocolBufferException)
        {
            throw new InvalidDataException($"{path} is not an ONNX model, or was cut short: {exception.Message}", exception);
        }

        try
        {
            return Read(metadata);
        }
        catch (Exception exception) when (exception is KeyNotFoundException or FormatException or JsonException or OverflowException)
        {
            throw new InvalidDataException($"{path} is no backbone: its metadata is not what `topfive backbone import` writes ({exception.Message})", exception);
        }
    }

    /// <summary>
    /// The same network behind reduced decoding of large JPEGs. It is a backbone of its own: its vectors are near those of this one and not
    /// the same, so it has a fingerprint that follows from this one's and from what is done.
    /// </summary>
    public BackboneFile WithReducedDecoding()
    {
        var preprocessing = FormattableString.Invariant(
            $"{Preprocessing}; JPEG decoded at 1/2, 1/4 or 1/8 while both sides stay at least {ReducedMultiple} x the input's");
        return this with
        {
            Preprocessing = preprocessing,
            Fingerprint = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"topfive.preprocessing.d1\n{Fingerprint}\n{preprocessing}"))),
        };
    }

    internal static bool IsFingerprint(string text) => text.Length == 64 && !text.AsSpan().ContainsAnyExcept(HexDigits);

    /// <summary>Always in this order: the same import gives the same bytes.</summary>
    internal IEnumerable<KeyValuePair<string, string>> Metadata() =>
    [
        .. Imported(),
        .. Quantization is null ? [] : new KeyValuePair<string, string>[]
        {
            new(Prefix + "quantized_from", Quantization.SourceFingerprint),
            new(Prefix + "calibration", Quantization.CalibrationDigest),
            new(Prefix + "calibration_images", Quantization.CalibrationImages.ToString(CultureInfo.InvariantCulture)),
        },
        .. ConvertedFrom is null ? [] : new KeyValuePair<string, string>[]
        {
            new(Prefix + "converted_from", ConvertedFrom),
            new(Prefix + "pixels", Pixels == PixelType.Bytes ? UInt8Pixels : Float32Pixels),
        },
    ];

    private IEnumerable<KeyValuePair<string, string>> Imported() =>
    [
        new(Prefix + "name", Name),
        new(Prefix + "fingerprint", Fingerprint),
        new(Prefix + "dimensions", Dimensions.ToString(CultureInfo.InvariantCulture)),
        new(Prefix + "input_width", InputWidth.ToString(CultureInfo.InvariantCulture)),
        new(Prefix + "input_height", InputHeight.ToString(CultureInfo.InvariantCulture)),
        new(Prefix + "preprocessing", Preprocessing),
        new(Prefix + "precision", Precision),
        new(Prefix + "source", Source),
        new(Prefix + "importer_version", ImporterVersion.ToString(CultureInfo.InvariantCulture)),
        new(Prefix + "head_labels", JsonSerializer.Serialize(HeadLabels)),
        new(Prefix + "golden_vector", Convert.ToBase64String(MemoryMarshal.AsBytes(GoldenVector.AsSpan()))),
    ];

    private static BackboneFile Read(Dictionary<string, string> metadata)
    {
        var file = new BackboneFile
        {
            Name = metadata[Prefix + "name"],
            Fingerprint = metadata[Prefix + "fingerprint"],
            Dimensions = Size("dimensions", MaxDimensions),
            InputWidth = Size("input_width", MaxSide),
            InputHeight = Size("input_height", MaxSide),
            Preprocessing = metadata[Prefix + "preprocessing"],
            Precision = metadata[Prefix + "precision"],
            Source = metadata[Prefix + "source"],
            ImporterVersion = Integer("importer_version"),
            HeadLabels = JsonSerializer.Deserialize<string[]>(metadata[Prefix + "head_labels"]) ?? [],
            GoldenVector = Floats(metadata[Prefix + "golden_vector"]),
            Quantization = !metadata.TryGetValue(Prefix + "quantized_from", out var source)
                ? null
                : new Quantization(source, metadata[Prefix + "calibration"], Integer("calibration_images")),
            ConvertedFrom = metadata.GetValueOrDefault(Prefix + "converted_from"),
            Pixels = metadata.GetValueOrDefault(Prefix + "pixels", Float32Pixels) switch
            {
                Float32Pixels => PixelType.Floats,
                UInt8Pixels => PixelType.Bytes,
                var other => throw new FormatException($"its pixels are {other}, not {Float32Pixels} or {UInt8Pixels}"),
            },
        };
        if (!IsFingerprint(file.Fingerprint)) throw new FormatException("its fingerprint is not 64 hexadecimal digits");
        if (file.GoldenVector.Length != file.Dimensions) throw new FormatException("its golden vector has another length than its vectors");
        return file;

        int Size(string key, int most) => Integer(key) is >= 1 and var size && size <= most
            ? size
            : throw new FormatException($"its {key} is {metadata[Prefix + key]}, not 1 to {most}");

        int Integer(string key) => int.Parse(metadata[Prefix + key], NumberStyles.None, CultureInfo.InvariantCulture);
    }

    private static float[] Floats(string base64) => MemoryMarshal.Cast<byte, float>(Convert.FromBase64String(base64)).ToArray();
}
