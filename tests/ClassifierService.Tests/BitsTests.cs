using System.Diagnostics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using Topfive.Backbones;
using Topfive.Classifier.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.ClassifierService.Tests;

/// <summary>What a version's bits depend on beside its manifest: the width of the vector instructions is not among it.</summary>
public sealed class BitsTests
{
    private const string ResultFile = "TOPFIVE_TEST_BITS_FILE";

    [Theory]
    [InlineData("512", "DOTNET_EnableAVX512", "DOTNET_EnableAVX512F")]
    [InlineData("256", "DOTNET_EnableAVX2")]
    public async Task A_processor_without_such_vectors_trains_the_same_bits(string bits, params string[] switches)
    {
        if (!Fma.IsSupported) Assert.Skip("this processor has no fused multiply-add: there is nothing to switch off");
        if (bits == "512" && !Vector512.IsHardwareAccelerated) Assert.Skip("this processor has no vectors of 512 bits to switch off");
        using var folder = new TempDirectory();
        var file = folder.File("bits.txt");
        var start = new ProcessStartInfo(
            Path.Combine(AppContext.BaseDirectory, "Topfive.ClassifierService.Tests"),
            ["-explicit", "only", "-method", $"{typeof(BitsTests).FullName}.{nameof(Trains_for_the_test_above)}"])
        {
            RedirectStandardOutput = true,
            Environment = { [ResultFile] = file },
        };
        foreach (var name in switches) start.Environment[name] = "0";

        using (var process = Process.Start(start)!)
        {
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(File.Exists(file), output);
        }

        var lines = await File.ReadAllLinesAsync(file);
        Assert.True(int.Parse(lines[0]) < int.Parse(bits), $"the child had vectors of {lines[0]} bits");
        Assert.Equal(Digest(), lines[1]);
    }

    [Fact(Explicit = true)]
    public void Trains_for_the_test_above()
    {
        var file = Environment.GetEnvironmentVariable(ResultFile) ?? throw new InvalidOperationException($"{ResultFile} is not set");
        File.WriteAllLines(file, [$"{(Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : Vector128.IsHardwareAccelerated ? 128 : 64)}", Digest()]);
    }

    /// <summary>Of everything that training and evaluation make: weights, losses, temperature.</summary>
    private static string Digest()
    {
        var data = SyntheticVectors.Data(training: 150, validation: 60, dimensions: 96, labels: 40, noise: 3);
        var recipe = RecipeRules.Complete(new Recipe { HiddenUnits = { 48 }, LearningRate = 0.001f, Epochs = 4, Seed = 4 });
        using var trainer = new Trainer(data, recipe, threads: 2);
        var losses = trainer.Run(CancellationToken.None).Select(epoch => $"{epoch.Loss:R} {epoch.ValLoss:R}").ToArray();
        var evaluation = trainer.Evaluate()!;
        Assert.NotEqual(1, evaluation.Temperature);
        var model = HeadModel.Write(trainer.ToHead(Some.Backbone.Fingerprint, evaluation.Temperature));
        return $"{Convert.ToHexStringLower(SHA256.HashData(model))} {evaluation.Temperature:R} {evaluation.CalibratedLogLoss:R} {string.Join(' ', losses)}";
    }
}
