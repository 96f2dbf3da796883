using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Topfive.Cli;

/// <summary>What the machine itself has: runtime, processor, GPU, fonts, npm.</summary>
internal static class MachineChecks
{
    private const string CpuFlags = "/proc/cpuinfo";
    private const string NvidiaDriver = "/proc/driver/nvidia/version";

    public static Finding Runtime() => Finding.Ok(
        "runtime", $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} cores");

    /// <summary>ONNX Runtime picks what there is: each step below costs a half or more of the speed.</summary>
    public static Finding Processor()
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64) return Finding.Ok("processor", $"{RuntimeInformation.ProcessArchitecture}; AVX is x64's");
        string[] has = [.. new[] { (Avx2.IsSupported, "AVX2"), (Avx512F.IsSupported, "AVX-512"), (HasVnni(), "VNNI") }.Where(one => one.Item1).Select(one => one.Item2)];
        return has switch
        {
            [] => Finding.Warn("processor", "no AVX2: a vector takes several times as long", "choose a machine whose processor has AVX2; a virtual one may hide it (cpu=host)"),
            [.., "VNNI"] => Finding.Ok("processor", $"{string.Join(", ", has)}: int8 backbones are about three times as fast (topfive backbone quantize)"),
            _ => Finding.Ok("processor", $"{string.Join(", ", has)}; no VNNI: int8 backbones gain less"),
        };
    }

    public static Finding Gpu()
    {
        var library = Environment.GetEnvironmentVariable("Backbone__ProviderLibrary") ?? "";
        if (library.Length > 0 && !File.Exists(library))
        {
            return Finding.Missing("gpu", $"Backbone__ProviderLibrary names {library}, which is not there", "correct Backbone__ProviderLibrary, or leave it away: everything runs on the processor");
        }

        var driver = File.Exists(NvidiaDriver);
        return (driver, library.Length > 0) switch
        {
            (true, true) => Finding.Ok("gpu", $"a driver, and the provider library {library}"),
            (true, false) => Finding.Warn("gpu", "a driver, and no provider library: everything runs on the processor", "set Backbone__ProviderLibrary to a build of ONNX Runtime's CUDA provider"),
            (false, true) => Finding.Warn("gpu", $"the provider library {library}, and no driver", "install the GPU's driver (Debian: apt-get install nvidia-driver), or leave Backbone__ProviderLibrary away"),
            _ => Finding.Ok("gpu", "none: everything runs on the processor"),
        };
    }

    /// <summary>The typeface is this program's own; the library that draws with it is native.</summary>
    public static Finding Fonts()
    {
        try
        {
            return Finding.Ok("fonts", $"{FigureFont.Typeface.FamilyName}, built in");
        }
        catch (Exception failure) when (failure is TypeInitializationException or DllNotFoundException)
        {
            return Finding.Warn("fonts", $"figures cannot be drawn: {(failure.InnerException ?? failure).Message}", "install topfive anew for this platform: libSkiaSharp is missing beside it");
        }
    }

    /// <summary>Only fetching weights and the demo's images needs it.</summary>
    /// <param name="isNeeded">The model has to be fetched.</param>
    public static Finding Npm(bool isNeeded)
    {
        const string mend = "install Node.js 18 or later with npm (Debian: apt-get install npm)";
        return OnPath("npm") is { } npm ? Finding.Ok("npm", npm)
            : isNeeded ? Finding.Missing("npm", "not on the PATH, and models/fetch needs it", mend)
            : Finding.Warn("npm", "not on the PATH: ./demo and models/fetch need it", mend);
    }

    private static bool HasVnni() =>
        AvxVnni.IsSupported || (File.Exists(CpuFlags) && File.ReadLines(CpuFlags).FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal)) is { } flags
            && flags.Split(' ').Any(flag => flag is "avx512_vnni" or "avx_vnni"));

    private static string? OnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .SelectMany(folder => new[] { program, $"{program}.cmd" }.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);
}
