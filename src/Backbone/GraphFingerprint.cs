using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Topfive.Backbones.Onnx;

namespace Topfive.Backbones;

/// <summary>The fingerprint of a backbone that was made of another one: its graph holds the weights and whatever was changed.</summary>
internal static class GraphFingerprint
{
    public static string Of(string name, string preprocessing, string precision, ModelProto model)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{name}\n{preprocessing}\n{precision}\n"));
        hash.AppendData(model.Graph.ToByteArray());
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
