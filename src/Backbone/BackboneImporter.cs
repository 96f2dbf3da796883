using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;

namespace Topfive.Backbones;

/// <summary>What an import wrote.</summary>
/// <param name="Backbone">The backbone's file.</param>
/// <param name="Head">The dense head that came with the weights, written beside it; null: none came.</param>
public sealed record ImportedBackbone(BackboneFile Backbone, DenseHead? Head);

/// <summary>Turns published weights into the one .onnx file that the services run.</summary>
public static class BackboneImporter
{
    /// <summary>Goes up when the same weights give another file.</summary>
    public const int Version = 1;

    /// <summary>
    /// Imports a TF.js layers model of Inception V3: model.json, its shards and, when the model ends in dense layers,
    /// labels.txt with one label a line.
    /// </summary>
    /// <param name="directory">The model's folder.</param>
    /// <param name="outFile">The .onnx to write; a head goes beside it, see <see cref="HeadFile"/>.</param>
    /// <param name="range">What the weights want pixels turned into.</param>
    /// <exception cref="InvalidDataException">It is another or an incomplete model; the message names the layer.</exception>
    public static ImportedBackbone ImportTfjs(string directory, string outFile, PixelRange range = PixelRange.ZeroToOne)
    {
        var model = TfjsModel.Open(directory);
        var architecture = new InceptionV3();
        var denseLayers = new TfjsHead(model);
        var weights = TfjsInception.ReadWeights(model, architecture, denseLayers.LastBlock);
        var fingerprint = Fingerprint(architecture, weights, range);
        var head = denseLayers.IsEmpty ? null : denseLayers.ReadHead(Path.Combine(directory, "labels.txt"), fingerprint);

        var graph = BackboneGraph.Write(architecture, weights, range);
        var backbone = new BackboneFile
        {
            Name = InceptionV3.Name,
            Fingerprint = fingerprint,
            Dimensions = InceptionV3.Dimensions,
            InputWidth = InceptionV3.Size,
            InputHeight = InceptionV3.Size,
            Preprocessing = range.Describe(),
            Precision = "fp32",
            Source = $"TF.js layers model: {model.Origin}",
            ImporterVersion = Version,
            HeadLabels = head?.Labels ?? [],
            GoldenVector = GoldenImage.Vector(graph.Build([])),
        };
        WriteBeside(outFile, head);
        WholeFile.Write(outFile, graph.Build(backbone.Metadata()).ToByteArray());
        return new ImportedBackbone(backbone, head);
    }

    /// <summary>Where the head that came with a backbone's weights stands: inception_v3.head.onnx beside inception_v3.onnx.</summary>
    public static string HeadFile(string backboneFile) => Path.ChangeExtension(backboneFile, ".head.onnx");

    /// <summary>A head of what stood there before would read vectors of another backbone.</summary>
    internal static void WriteBeside(string backboneFile, DenseHead? head)
    {
        var file = HeadFile(backboneFile);
        if (head is not null) WholeFile.Write(file, HeadModel.Write(head));
        else if (File.Exists(file)) File.Delete(file);
    }

    private static string Fingerprint(InceptionV3 architecture, IReadOnlyDictionary<Convolution, FoldedConvolution> weights, PixelRange range)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{InceptionV3.Name}\n{range.Describe()}\nfp32\n"));
        foreach (var convolution in architecture.Convolutions)
        {
            hash.AppendData(MemoryMarshal.AsBytes(weights[convolution].Weights.AsSpan()));
            hash.AppendData(MemoryMarshal.AsBytes(weights[convolution].Bias.AsSpan()));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
