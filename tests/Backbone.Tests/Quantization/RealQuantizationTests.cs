using Topfive.TestKit;
using Xunit;

namespace Topfive.Backbones.Tests;

public class RealQuantizationTests
{
    [Fact]
    public async Task An_int8_backbone_is_one_of_its_own_and_comes_near_on_photos_that_it_has_not_seen()
    {
        var path = await TestBackbone.ModelAsync();
        float[][] photos = [.. (await TestPhotos.AllAsync()).Select(photo => Array.ConvertAll(photo.Pixels(), pixel => (float)pixel))];
        using var folder = new TempDirectory();
        var (file, other) = (folder.File("int8.onnx"), folder.File("other.onnx"));

        var written = BackboneQuantizer.Quantize(path, photos[..5], file);

        var (source, read) = (BackboneFile.Read(path), BackboneFile.Read(file));
        Assert.Equal(("int8", source.Name, source.Preprocessing, source.Source), (read.Precision, read.Name, read.Preprocessing, read.Source));
        Assert.Equal(written.Fingerprint, read.Fingerprint);
        Assert.NotEqual(source.Fingerprint, read.Fingerprint);
        Assert.Equal(written.Quantization, read.Quantization);
        Assert.Equal((source.Fingerprint, 5), (read.Quantization!.SourceFingerprint, read.Quantization.CalibrationImages));
        Assert.Matches("^[0-9a-f]{64}$", read.Quantization.CalibrationDigest);
        Assert.Empty(read.HeadLabels);
        Assert.InRange(new FileInfo(file).Length, 20_000_000, new FileInfo(path).Length / 3);
        Parity.AssertClose(read.GoldenVector, Backbone.Vectors(file, GoldenImage.Pixels(), 1), 1e-5);

        var compared = BackboneComparison.Measure(path, file, photos[5..], batch: 1, threads: 2);
        Assert.Equal(4, compared.Cosines.Length);
        Assert.All(compared.Cosines, cosine => Assert.InRange(cosine, 0.99, 1.0001));

        Assert.NotEqual(read.Fingerprint, BackboneQuantizer.Quantize(path, photos[5..6], other).Fingerprint);
        Assert.Contains("int8.onnx is int8", Assert.Throws<InvalidDataException>(() => BackboneQuantizer.Quantize(file, photos[..1], other)).Message);
    }
}
