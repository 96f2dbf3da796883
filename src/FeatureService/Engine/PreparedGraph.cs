using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.OnnxRuntime;
using Topfive.Backbones;

namespace Topfive.FeatureService;

/// <summary>
/// A backbone's graph as ONNX Runtime optimises it for this processor, in a folder of its own. It is loaded in a tenth of the time, its weights
/// mapped (docs/performance.md). They stand in blocks of the width that this processor adds up, so it is
/// for one runtime, one kind of processor and one model file, which its name says; whoever uses it compares the golden vector.
/// </summary>
/// <param name="model">Path of the .onnx file that it is made of.</param>
/// <param name="directory">Where to keep it; empty: beside the model.</param>
internal sealed class PreparedGraph(string model, string directory)
{
    private const string Weights = "graph.weights";

    // Smaller ones stay in the graph's own file: shapes are among them, which the runtime reads before weights.
    private const string LeastBytesOfWeights = "1024";

    private readonly string _all = Path.Combine(directory.Length > 0 ? directory : Path.GetDirectoryName(Path.GetFullPath(model))!, Path.GetFileName(model) + ".prepared");

    /// <summary>The graph's .onnx file, whether it is there or not.</summary>
    public string Graph => Path.Combine(Folder, "graph.onnx");

    public bool Exists => File.Exists(Graph);

    /// <summary>Of one model file, one runtime and one kind of processor.</summary>
    public string Folder => Path.Combine(_all, $"{ModelKey()}-onnxruntime{OrtEnv.Instance().GetVersionString()}-{Processor()}");

    /// <summary>Makes it of the model; what was made of an earlier model of that name or by another runtime is deleted.</summary>
    /// <exception cref="IOException">It cannot be written there; also <see cref="UnauthorizedAccessException"/> and <see cref="OnnxRuntimeException"/>.</exception>
    public void Make()
    {
        var unfinished = $"{Folder}.{Path.GetRandomFileName()}.unfinished";
        Directory.CreateDirectory(unfinished);
        try
        {
            using var options = RuntimeOptions.Create();
            options.OptimizedModelFilePath = Path.Combine(unfinished, Path.GetFileName(Graph));
            options.AddSessionConfigEntry("session.optimized_model_external_initializers_file_name", Weights);
            options.AddSessionConfigEntry("session.optimized_model_external_initializers_min_size_in_bytes", LeastBytesOfWeights);
            new InferenceSession(model, options).Dispose();
            try
            {
                Directory.Move(unfinished, Folder);
            }
            catch (IOException) when (Exists)
            {
                // Another process was faster.
            }

            DeleteStale();
        }
        finally
        {
            if (Directory.Exists(unfinished)) Directory.Delete(unfinished, recursive: true);
        }
    }

    /// <summary>Where that is not allowed it stays, and the next start finds out again that it cannot be used.</summary>
    public void Delete()
    {
        try
        {
            if (Directory.Exists(Folder)) Directory.Delete(Folder, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The model serves all the same.
        }
    }

    private void DeleteStale()
    {
        var current = $"{ModelKey()}-onnxruntime{OrtEnv.Instance().GetVersionString()}-";
        foreach (var other in Directory.EnumerateDirectories(_all).Where(folder => !Path.GetFileName(folder).StartsWith(current, StringComparison.Ordinal)))
        {
            Directory.Delete(other, recursive: true);
        }
    }

    /// <summary>As make does: a file of another length or time is another file.</summary>
    private string ModelKey()
    {
        var file = new FileInfo(model);
        return Short(string.Create(CultureInfo.InvariantCulture, $"{file.Length} {file.LastWriteTimeUtc.Ticks}"));
    }

    /// <summary>Family, model and instruction sets.</summary>
    private static string Processor()
    {
        var architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        if (!X86Base.IsSupported) return architecture;
        var ((model, _, sets, _), (_, more, yetMore, last)) = (X86Base.CpuId(1, 0), X86Base.CpuId(7, 0));
        return $"{architecture}-{Short(string.Create(CultureInfo.InvariantCulture, $"{model} {sets} {more} {yetMore} {last}"))}";
    }

    private static string Short(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 6));
}
