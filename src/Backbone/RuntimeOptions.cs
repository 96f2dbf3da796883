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
        // kernels that do not. Others take no notice.
        options.AddSessionConfigEntry("session.x64quantprecision", "1");
        return options;
    }
}
