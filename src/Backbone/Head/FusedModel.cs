using System.Text.Json;
using Google.Protobuf;
using Topfive.Backbones.Onnx;

namespace Topfive.Backbones;

/// <summary>
/// A backbone and a head in one ONNX model: input <c>pixels</c> float32 (uint8, where the backbone reads bytes) [n, height, width, 3],
/// RGB, 0 to 255, resized as the backbone's preprocessing says; output <c>probabilities</c> float32 [n, labels]. Labels, fingerprint and
/// preprocessing are in its metadata.
/// </summary>
public static class FusedModel
{
    internal const string PreprocessingKey = "topfive.preprocessing";

    // A head's names and a backbone's may be the same.
    private const string Prefix = "head/";

    /// <param name="backboneFile">Path of the backbone's .onnx file.</param>
    /// <param name="headModel">The head's .onnx file, as <see cref="HeadModel.Write"/> writes it.</param>
    /// <exception cref="InvalidDataException">
    /// One of them is no such model, or the head was trained on another backbone's vectors; the message names both fingerprints.
    /// </exception>
    public static byte[] Write(string backboneFile, ReadOnlySpan<byte> headModel)
    {
        var head = HeadModel.Read(headModel);
        var description = Description(backboneFile, head);
        if (head.BackboneFingerprint != description.Fingerprint)
        {
            throw new InvalidDataException(
                $"the head reads vectors of backbone {head.BackboneFingerprint}, but {backboneFile} is backbone {description.Fingerprint}: name the file of the head's own backbone");
        }

        var fused = Parse(File.ReadAllBytes(backboneFile));
        Append(fused, Parse(headModel), backboneFile);
        fused.MetadataProps.Clear();
        fused.MetadataProps.Add(new StringStringEntryProto { Key = HeadModel.LabelsKey, Value = JsonSerializer.Serialize(head.Labels) });
        fused.MetadataProps.Add(new StringStringEntryProto { Key = HeadModel.FingerprintKey, Value = head.BackboneFingerprint });
        fused.MetadataProps.Add(new StringStringEntryProto { Key = PreprocessingKey, Value = description.Preprocessing });
        return fused.ToByteArray();
    }

    /// <summary>One file is two backbones: images may be decoded whole or reduced, and the head says which it was trained on.</summary>
    private static BackboneFile Description(string backboneFile, DenseHead head)
    {
        var exact = BackboneFile.Read(backboneFile);
        var reduced = exact.WithReducedDecoding();
        return reduced.Fingerprint == head.BackboneFingerprint ? reduced : exact;
    }

    /// <summary>Puts the head's graph behind the backbone's: the one's output is the other's input.</summary>
    private static void Append(ModelProto model, ModelProto head, string backboneFile)
    {
        if (!model.OpsetImport.Any(set => set.Domain.Length == 0 && set.Version == head.OpsetImport.Single().Version))
        {
            throw new InvalidDataException($"{backboneFile} and the head are of different ONNX operator sets: import the backbone again with this version");
        }

        var (graph, added) = (model.Graph, head.Graph);
        var (vector, read, answer) = (graph.Output.Single().Name, added.Input.Single().Name, added.Output.Single().Name);
        string Renamed(string name) => name == read ? vector : name == answer ? answer : Prefix + name;
        foreach (var node in added.Node)
        {
            var copy = node.Clone();
            copy.Name = Prefix + node.Name;
            copy.Input.Clear();
            copy.Input.Add(node.Input.Select(Renamed));
            copy.Output.Clear();
            copy.Output.Add(node.Output.Select(Renamed));
            graph.Node.Add(copy);
        }

        foreach (var constant in added.Initializer)
        {
            constant.Name = Renamed(constant.Name);
            graph.Initializer.Add(constant);
        }

        graph.Output.Clear();
        graph.Output.Add(added.Output);
        graph.Name = "fused";
    }

    private static ModelProto Parse(ReadOnlySpan<byte> model) => ModelProto.Parser.ParseFrom(model);
}
