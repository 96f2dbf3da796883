using System.Numerics.Tensors;
using Google.Protobuf;
using Topfive.Backbones;
using Topfive.Features.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.FeatureService.Tests;

/// <summary>The graph that is kept as it is best for this processor.</summary>
public sealed class PreparedGraphTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    private string Kept => _directory.File("kept");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_first_start_prepares_the_graph_and_later_ones_take_it()
    {
        var model = SmallBackbone.Write(_directory.File("small.onnx"));
        await using (await StartAsync(model))
        {
        }

        var graph = new PreparedGraph(model, Kept);
        Assert.True(graph.Exists);
        var written = File.GetLastWriteTimeUtc(graph.Graph);
        await using var second = await StartAsync(model);
        Assert.Equal(written, File.GetLastWriteTimeUtc(graph.Graph));
        Assert.Equal(2048, (await ExtractAsync(second)).Vector.Count);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Kept, "*.unfinished", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_prepared_graph_gives_the_vectors_of_the_model_to_the_last_digits()
    {
        var model = await TestBackbone.ModelAsync();
        var backbone = BackboneFile.Read(model);
        var prepared = new PreparedGraph(model, Kept);
        prepared.Make();
        using var plain = new OnnxEngine(model, backbone, threads: 0);
        using var fast = new OnnxEngine(prepared.Graph, backbone, threads: 0);

        foreach (var photo in await TestPhotos.AllAsync())
        {
            var pixels = Decoding.Decode(photo.ReadBytes());
            var (expected, actual) = (new float[2048], new float[2048]);
            plain.Run(pixels, 1, expected);
            fast.Run(pixels, 1, actual);
            Assert.InRange(TensorPrimitives.CosineSimilarity<float>(expected, actual), 0.999999f, 1.000001f);
            Assert.InRange(TensorPrimitives.Distance<float>(expected, actual) / TensorPrimitives.Norm<float>(expected), 0, 1e-5f);
        }
    }

    [Fact]
    public async Task A_graph_that_does_not_load_or_gives_other_vectors_is_deleted_and_the_model_serves()
    {
        var model = SmallBackbone.Write(_directory.File("small.onnx"));
        var prepared = new PreparedGraph(model, Kept);
        prepared.Make();

        File.WriteAllText(prepared.Graph, "no graph");
        await using (var service = await StartAsync(model)) Assert.Equal(2048, (await ExtractAsync(service)).Vector.Count);
        Assert.False(prepared.Exists);

        prepared.Make();
        var weights = Directory.EnumerateFiles(prepared.Folder).Single(file => file != prepared.Graph);
        File.WriteAllBytes(weights, new byte[new FileInfo(weights).Length]);
        await using (var service = await StartAsync(model)) Assert.Contains((await ExtractAsync(service)).Vector, value => value != 0);
        Assert.False(prepared.Exists);
    }

    [Fact]
    public async Task Where_nothing_can_be_written_the_model_itself_serves()
    {
        var model = SmallBackbone.Write(_directory.File("small.onnx"));
        File.WriteAllText(Kept, "a file is no folder");

        await using var service = await StartAsync(model);

        Assert.Equal(2048, (await ExtractAsync(service)).Vector.Count);
    }

    [Fact]
    public async Task It_is_not_prepared_when_nobody_wants_it()
    {
        var model = SmallBackbone.Write(_directory.File("small.onnx"));

        await using var service = await StartAsync(model, ("Backbone:Prepare", "false"));

        Assert.Equal(2048, (await ExtractAsync(service)).Vector.Count);
        Assert.False(Directory.Exists(Kept));
    }

    [Fact]
    public void A_model_that_takes_another_ones_place_has_a_graph_of_its_own_and_the_old_one_goes()
    {
        var model = SmallBackbone.Write(_directory.File("small.onnx"));
        var before = new PreparedGraph(model, Kept);
        before.Make();
        var old = before.Folder;
        File.SetLastWriteTimeUtc(model, File.GetLastWriteTimeUtc(model).AddSeconds(1));

        var after = new PreparedGraph(model, Kept);
        Assert.False(after.Exists);
        after.Make();

        Assert.Equal([after.Folder], Directory.EnumerateDirectories(Path.GetDirectoryName(after.Folder)!));
        Assert.NotEqual(old, after.Folder);
    }

    private Task<ServiceInstance> StartAsync(string model, params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string?>
        {
            ["Backbone:Model"] = model,
            ["Backbone:PreparedDirectory"] = Kept,
            ["Store:DataDirectory"] = _directory.File("data"),
        };
        foreach (var (name, value) in settings) all[name] = value;
        return ServiceInstance.StartAsync(all);
    }

    private static async Task<ExtractResponse> ExtractAsync(ServiceInstance service) =>
        await service.Client.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(Some.NewImage()) });
}
