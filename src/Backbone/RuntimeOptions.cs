using System.Runtime.Intrinsics.X86;
using Microsoft.ML.OnnxRuntime;

namespace Topfive.Backbones;

/// <summary>What ONNX Runtime needs to be told so that a backbone gives the same vectors on every processor.</summary>
public static class RuntimeOptions
{
    /// <returns>To be disposed of.</returns>
    public static SessionOptions Create()
    {
        var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        // An x86 processor without VNNI adds products of uint8 and int8 in 16 bits, which overflow: let it take its slower
        // kernels that do not. One with VNNI would take them, too, and be three times as slow for the same vectors.
        if (X86Base.IsSupported && !HasVnni()) options.AddSessionConfigEntry("session.x64quantprecision", "1");
        return options;
    }

    /// <summary>Adds products of bytes in 32 bits: AVX-512 VNNI or AVX-VNNI, in the processor and allowed by the system.</summary>
    internal static bool HasVnni()
    {
        const int leaf = 7;
        const int avx512Vnni = 1 << 11;
        const int avxVnni = 1 << 4;
        if (!X86Base.IsSupported || X86Base.CpuId(0, 0).Eax < leaf) return false;
        var features = X86Base.CpuId(leaf, 0);
        return (Avx512BW.VL.IsSupported && (features.Ecx & avx512Vnni) != 0)
            || (Avx2.IsSupported && features.Eax >= 1 && (X86Base.CpuId(leaf, 1).Eax & avxVnni) != 0);
    }
}
