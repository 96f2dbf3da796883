using Microsoft.ML.OnnxRuntime;

namespace Topfive.FeatureService;

/// <summary>A GPU that the backbone can run on.</summary>
/// <param name="Number">CUDA's.</param>
/// <param name="Name">Its maker's.</param>
internal sealed record Gpu(int Number, string Name)
{
    public string Device => $"cuda:{Number}";

    public override string ToString() => $"{Device} {Name}";
}

/// <summary>The GPUs of this process: ONNX Runtime's CUDA provider is a library of its own, which is loaded when it is there.</summary>
/// <param name="Gpus">By number.</param>
/// <param name="WhyNone">What kept it from finding one; null when it found some.</param>
internal sealed record Accelerators(IReadOnlyList<Gpu> Gpus, string? WhyNone)
{
    private static readonly Lock Registering = new();
    private static readonly HashSet<string> Registered = [];

    private static string LibraryName => OperatingSystem.IsWindows() ? "onnxruntime_providers_cuda.dll" : "libonnxruntime_providers_cuda.so";

    /// <param name="library">Path of the provider library; empty: it is looked for beside the program.</param>
    public static Accelerators Find(string library)
    {
        string[] places = library.Length > 0 ? [Path.GetFullPath(library)] : BesideTheProgram();
        if (places.FirstOrDefault(File.Exists) is not { } path)
        {
            return None(library.Length > 0
                ? $"no provider library found at {places[0]} (Backbone__ProviderLibrary)"
                : $"no provider library found beside the program at {places[0]}: publish with -p:Accelerator=cuda, or name one in Backbone__ProviderLibrary");
        }

        try
        {
            Register(path);
        }
        catch (OnnxRuntimeException exception)
        {
            return None($"the provider library {path} could not be loaded: {exception.Message}");
        }

        var names = CudaDriver.Devices(out var whyNone);
        return new Accelerators([.. names.Select((name, number) => new Gpu(number, name))], whyNone);
    }

    private static Accelerators None(string why) => new([], why);

    /// <summary>Published for one platform, native libraries lie beside the program; built for any, in a folder a platform.</summary>
    private static string[] BesideTheProgram() =>
    [
        Path.Combine(AppContext.BaseDirectory, LibraryName),
        Path.Combine(AppContext.BaseDirectory, "runtimes", OperatingSystem.IsWindows() ? "win-x64" : "linux-x64", "native", LibraryName),
    ];

    /// <summary>Once a process, however many services it hosts.</summary>
    private static void Register(string path)
    {
        lock (Registering)
        {
            if (Registered.Contains(path)) return;
            OrtEnv.Instance().RegisterExecutionProviderLibrary(Registered.Count == 0 ? "cuda" : $"cuda-{Registered.Count}", path);
            Registered.Add(path);
        }
    }
}
