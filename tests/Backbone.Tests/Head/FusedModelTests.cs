using Microsoft.ML.OnnxRuntime;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Backbones.Tests;

public class FusedModelTests
{
    [Fact]
    public async Task Pixels_go_in_and_the_probabilities_that_the_head_gives_to_their_vectors_come_out()
    {
        var backbone = await TestBackbone.ModelAsync();
        var file = BackboneFile.Read(backbone);
        var head = new DenseHead(["a", "b", "c"], file.Fingerprint, SomeHead.Create(2048, 16, 3).Layers);
        float[] pixels = [.. GoldenImage.Pixels(), .. new float[299 * 299 * 3]];

        using var session = new InferenceSession(FusedModel.Write(backbone, HeadModel.Write(head)));

        using var input = OrtValue.CreateTensorValueFromMemory(pixels, [2, 299, 299, 3]);
        using var run = new RunOptions();
        using var outputs = session.Run(run, ["pixels"], [input], ["probabilities"]);
        var probabilities = outputs[0].GetTensorDataAsSpan<float>();
        Assert.Equal(6, probabilities.Length);
        var vectors = Backbone.Vectors(backbone, pixels, 2);
        for (var image = 0; image < 2; image++)
        {
            var expected = SomeHead.Probabilities(head, vectors[(image * 2048)..((image + 1) * 2048)]);
            for (var label = 0; label < 3; label++) Assert.Equal(expected[label], probabilities[(image * 3) + label], 1e-5);
        }

        var metadata = session.ModelMetadata.CustomMetadataMap;
        Assert.Equal("""["a","b","c"]""", metadata["topfive.labels"]);
        Assert.Equal((file.Fingerprint, file.Preprocessing), (metadata["topfive.backbone_fingerprint"], metadata["topfive.preprocessing"]));
    }

    [Fact]
    public async Task A_head_of_reduced_decoding_takes_the_same_file_and_its_metadata_says_how_images_are_decoded()
    {
        var backbone = await TestBackbone.ModelAsync();
        var reduced = BackboneFile.Read(backbone).WithReducedDecoding();
        var head = new DenseHead(["a", "b", "c"], reduced.Fingerprint, SomeHead.Create(2048, 3).Layers);

        using var session = new InferenceSession(FusedModel.Write(backbone, HeadModel.Write(head)));

        var metadata = session.ModelMetadata.CustomMetadataMap;
        Assert.Equal((reduced.Fingerprint, reduced.Preprocessing), (metadata["topfive.backbone_fingerprint"], metadata["topfive.preprocessing"]));
    }

    [Fact]
    public async Task A_head_of_another_backbone_is_refused_and_both_are_named()
    {
        var backbone = await TestBackbone.ModelAsync();

        var failure = Assert.Throws<InvalidDataException>(() => FusedModel.Write(backbone, HeadModel.Write(SomeHead.Create(2048, 3))));

        Assert.Contains(SomeHead.Fingerprint, failure.Message);
        Assert.Contains(BackboneFile.Read(backbone).Fingerprint, failure.Message);
    }
}
