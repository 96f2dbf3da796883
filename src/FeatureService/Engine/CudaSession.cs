using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Topfive.Backbones;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace Topfive.FeatureService;

/// <summary>How the backbone comes to run on one GPU.</summary>
internal static class CudaSession
{
    private const string Provider = "CUDAExecutionProvider";

    /// <param name="model">The .onnx file.</param>
    /// <param name="backbone">What it says of itself.</param>
    /// <param name="gpu">Of <see cref="Accelerators.Find"/>.</param>
    /// <param name="maxBatchSize">Images of a run, at most.</param>
    /// <param name="providerOptions">ONNX Runtime's options of its CUDA provider, before those set here.</param>
    /// <exception cref="OnnxRuntimeException">The device does not run it.</exception>
    public static GpuEngine Open(string model, BackboneFile backbone, Gpu gpu, int maxBatchSize, IReadOnlyDictionary<string, string> providerOptions)
    {
        using var options = RuntimeOptions.Create();
        var device = EpDevice(gpu);
        Append(options, device, Options(gpu, providerOptions));
        return new GpuEngine(model, backbone, options, maxBatchSize, session => Pinned(session, device, gpu));
    }

    private static Dictionary<string, string> Options(Gpu gpu, IReadOnlyDictionary<string, string> more)
    {
        var options = new Dictionary<string, string>
        {
            ["device_id"] = gpu.Number.ToString(CultureInfo.InvariantCulture),
            // To try out every kernel takes seconds a size; the library's own choice takes none.
            ["cudnn_conv_algo_search"] = "HEURISTIC",
            // fp32 vectors carry the fingerprint of those that a CPU computes: TF32's ten bits of mantissa do not.
            ["use_tf32"] = "0",
        };
        foreach (var (name, value) in more) options[name] = value;
        return options;
    }

    /// <returns>Null: ONNX Runtime does not see the device where it looks for some, as on virtual machines with a part of a GPU.</returns>
    private static OrtEpDevice? EpDevice(Gpu gpu)
    {
        OrtEpDevice[] devices = [.. OrtEnv.Instance().GetEpDevices().Where(device => device.EpName == Provider)];
        var number = gpu.Number.ToString(CultureInfo.InvariantCulture);
        return Array.Find(devices, device => device.EpOptions.Entries.TryGetValue("device_id", out var id) && id == number)
            ?? devices.ElementAtOrDefault(gpu.Number) ?? devices.FirstOrDefault();
    }

    private static void Append(SessionOptions options, OrtEpDevice? device, Dictionary<string, string> providerOptions)
    {
        if (device is not null)
        {
            options.AppendExecutionProvider(OrtEnv.Instance(), [device], providerOptions);
            return;
        }

        // A core library that was built for CUDA asks CUDA itself; another one says that it was not.
        using var cuda = new OrtCUDAProviderOptions();
        cuda.UpdateOptions(providerOptions);
        options.AppendExecutionProvider_CUDA(cuda);
    }

    /// <returns>Null: the provider gives no page-locked memory.</returns>
    private static OrtAllocator? Pinned(InferenceSession session, OrtEpDevice? device, Gpu gpu)
    {
        try
        {
            var memory = device?.GetMemoryInfo(OrtDeviceMemoryType.HOST_ACCESSIBLE);
            return new OrtAllocator(session, memory is { IsInvalid: false } ? memory : Named());
        }
        catch (OnnxRuntimeException)
        {
            return null;
        }

        OrtMemoryInfo Named() => new(OrtMemoryInfo.allocatorCUDA_PINNED, OrtAllocatorType.DeviceAllocator, gpu.Number, OrtMemType.CpuOutput);
    }
}
