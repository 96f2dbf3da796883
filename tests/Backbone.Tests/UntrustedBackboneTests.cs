using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Topfive.Backbones.Onnx;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Backbones.Tests;

/// <summary>A backbone's file may come from anyone.</summary>
public sealed class UntrustedBackboneTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("topfive.dimensions", "2147483647", "its dimensions is 2147483647, not 1 to 65536")]
    [InlineData("topfive.input_width", "1000000", "its input_width is 1000000, not 1 to 4096")]
    [InlineData("topfive.input_height", "0", "its input_height is 0, not 1 to 4096")]
    public void Sizes_that_no_network_has_are_refused_before_a_buffer_is_made_of_them(string key, string value, string because)
    {
        var path = Changed(model => model.MetadataProps.Single(entry => entry.Key == key).Value = value);

        Assert.Contains(because, Assert.Throws<InvalidDataException>(() => BackboneFile.Read(path)).Message);
    }

    [Theory]
    [InlineData("../weights.bin")]
    [InlineData("absolute")]
    public void Weights_in_a_file_outside_its_folder_are_not_followed(string location)
    {
        var outside = _folder.File("weights.bin");
        File.WriteAllBytes(outside, new byte[3 * 2048 * sizeof(float)]);
        var path = Changed(model =>
        {
            var weights = model.Graph.Initializer.Single();
            weights.RawData = ByteString.Empty;
            weights.FloatData.Clear();
            // external_data = 13 (key = 1, value = 2), data_location = 14, EXTERNAL = 1.
            var name = location == "absolute" ? outside : location;
            byte[] entry = [0x0a, 8, .. "location"u8, 0x12, (byte)name.Length, .. System.Text.Encoding.UTF8.GetBytes(name)];
            weights.MergeFrom(ByteString.CopyFrom([0x6a, (byte)entry.Length, .. entry, 0x70, 1]).CreateCodedInput());
        });

        using var options = RuntimeOptions.Create();
        var refusal = Assert.ThrowsAny<OnnxRuntimeException>(() => new InferenceSession(path, options));
        Assert.Contains("external data", refusal.Message, StringComparison.OrdinalIgnoreCase);
    }

    private string Changed(Action<ModelProto> change)
    {
        var folder = Directory.CreateDirectory(_folder.File("model")).FullName;
        var path = SmallBackbone.Write(Path.Combine(folder, "small.onnx"));
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
        change(model);
        File.WriteAllBytes(path, model.ToByteArray());
        return path;
    }
}
