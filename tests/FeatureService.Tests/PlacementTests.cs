using Microsoft.ML.OnnxRuntime;
using Topfive.Backbones;
using Topfive.TestKit;
using Xunit;

namespace Topfive.FeatureService.Tests;

public sealed class PlacementTests : IDisposable
{
    private static readonly Gpu[] Two = [new(0, "GPU A"), new(1, "GPU B")];

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("auto", "cuda:0,cuda:1", "took cuda:0 GPU A, cuda:1 GPU B")]
    [InlineData("cuda", "cuda:0,cuda:1", "took cuda:0 GPU A, cuda:1 GPU B")]
    [InlineData("cuda:1", "cuda:1", "took cuda:1 GPU B")]
    [InlineData("cuda:1,cuda:0", "cuda:1,cuda:0", "took cuda:1 GPU B, cuda:0 GPU A")]
    [InlineData("cuda:0,cuda:0", "cuda:0,cuda:0", "took cuda:0 GPU A, cuda:0 GPU A")]
    [InlineData("cpu", "cpu", "cpu, as Backbone__Device says")]
    public void The_setting_takes_all_gpus_or_those_that_it_names(string setting, string device, string reason)
    {
        var placement = Placement.Choose(setting, Backbone("fp32"), () => new Accelerators(Two, null));

        Assert.Equal((device, reason), (placement.Device, placement.Reason));
    }

    [Fact]
    public void Cpu_looks_for_no_gpu() => Assert.True(Placement.Choose("cpu", Backbone("fp32"), () => throw new InvalidOperationException("looked")).IsCpu);

    [Fact]
    public void A_gpu_that_is_not_there_stops_the_start_and_says_which_are()
    {
        var failure = Assert.Throws<InvalidDataException>(() => Placement.Choose("cuda:0,cuda:2", Backbone("fp32"), () => new Accelerators(Two, null)));

        Assert.Contains("Backbone__Device is cuda:0,cuda:2, but there is no cuda:2: this process sees cuda:0 GPU A, cuda:1 GPU B", failure.Message);
    }

    [Fact]
    public void An_int8_backbone_stays_on_the_cpu()
    {
        var placement = Placement.Choose("auto", Backbone("int8"), () => new Accelerators(Two, null));

        Assert.True(placement.IsCpu);
        Assert.Contains("made for processors", placement.Reason);
        Assert.Contains("topfive backbone convert", Assert.Throws<InvalidDataException>(() => Placement.Choose("cuda:0", Backbone("int8"), () => new Accelerators(Two, null))).Message);
    }

    [Fact]
    public void A_library_that_is_not_there_is_named_with_its_place()
    {
        var missing = Accelerators.Find(_directory.File("none.so"));
        Assert.Empty(missing.Gpus);
        Assert.Equal($"no provider library found at {_directory.File("none.so")} (Backbone__ProviderLibrary)", missing.WhyNone);

        var beside = Accelerators.Find("");
        Assert.Contains($"beside the program at {AppContext.BaseDirectory}", beside.WhyNone);
        Assert.Contains("-p:Accelerator=cuda", beside.WhyNone);
    }

    [Fact]
    public async Task A_library_that_cannot_be_loaded_is_named_with_the_reason()
    {
        var text = _directory.File("text.so");
        await File.WriteAllTextAsync(text, "no library");

        var broken = Accelerators.Find(text).WhyNone;

        Assert.StartsWith($"the provider library {text} could not be loaded: ", broken);
        Assert.Contains(OperatingSystem.IsLinux() ? "file too short" : text, broken);
    }

    [Fact]
    public void A_library_that_is_no_provider_is_refused_with_what_it_lacks()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the path of a library that every program has here is Linux'");
        // Any shared library: the runtime's own.
        var other = Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "libSystem.Native.so");

        Assert.Contains("CreateEpFactories", Accelerators.Find(other).WhyNone);
    }

    [Fact]
    public void Auto_goes_on_with_the_cpu_when_a_gpu_does_not_run_the_backbone_and_cuda_stops()
    {
        using HandEngine onFirst = new(), onCpu = new();
        var opened = new List<int>();
        IEngine OnGpu(Gpu gpu)
        {
            opened.Add(gpu.Number);
            return gpu.Number == 0 ? onFirst : throw new InvalidDataException("wrong vector");
        }

        var placement = Placement.Choose("auto", Backbone("fp32"), () => new Accelerators(Two, null));
        var (then, engines) = placement.Open("auto", OnGpu, () => onCpu);

        Assert.Equal([0, 1], opened);
        Assert.Same(onCpu, engines.Single());
        Assert.Equal(("cpu", "cpu: cuda:1 GPU B does not run the backbone: wrong vector"), (then.Device, then.Reason));
        var failure = Assert.Throws<InvalidDataException>(() => placement.Open("cuda", OnGpu, () => onCpu));
        Assert.Contains("Backbone__Device is cuda, but cuda:1 GPU B does not run the backbone: wrong vector", failure.Message);
    }

    [Fact]
    public async Task A_session_for_cuda_without_cuda_is_refused_by_the_runtime()
    {
        var model = await TestBackbone.ModelAsync();
        var failure = Assert.ThrowsAny<OnnxRuntimeException>(() => CudaSession.Open(model, BackboneFile.Read(model), Two[0], 8, new Dictionary<string, string>()));

        Assert.Contains("CUDA", failure.Message);
    }

    private static BackboneFile Backbone(string precision) => new()
    {
        Name = "small",
        Fingerprint = new string('5', 64),
        Dimensions = 2,
        InputWidth = 2,
        InputHeight = 2,
        Preprocessing = "",
        Precision = precision,
        Source = "",
        ImporterVersion = 1,
        HeadLabels = [],
        GoldenVector = [1, 2],
    };
}
