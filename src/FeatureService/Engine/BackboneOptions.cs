using System.ComponentModel.DataAnnotations;

namespace Topfive.FeatureService;

/// <summary>Which backbone runs, and on what: configuration section <c>Backbone</c>.</summary>
public sealed class BackboneOptions
{
    public const string Section = "Backbone";

    /// <summary>Path of the .onnx file that <c>topfive backbone import</c> wrote.</summary>
    [Required]
    public string Model { get; set; } = "models/inception_v3.onnx";

    /// <summary>
    /// <c>auto</c>: all GPUs that there are, else the CPU. <c>cpu</c>. <c>cuda</c>: all GPUs; <c>cuda:N</c> or <c>cuda:0,cuda:1</c>: those.
    /// Several run side by side, an engine each.
    /// </summary>
    [RegularExpression(DeviceSetting.Pattern, ErrorMessage = $"Backbone__Device is {DeviceSetting.Allowed}")]
    public string Device { get; set; } = "auto";

    /// <summary>Path of ONNX Runtime's CUDA provider library; empty: it is looked for beside the program.</summary>
    public string ProviderLibrary { get; set; } = "";

    /// <summary>
    /// Options of ONNX Runtime's CUDA provider beside or instead of those that are set here, e.g. <c>Backbone__ProviderOptions__prefer_nhwc=1</c>.
    /// </summary>
    public Dictionary<string, string> ProviderOptions { get; } = [];

    /// <summary><c>fp32</c>, <c>fp16</c> or <c>int8</c>: what the file must be. Empty: whatever it is.</summary>
    [RegularExpression("fp32|fp16|int8", ErrorMessage = "Backbone__Precision is fp32, fp16, int8 or empty")]
    public string Precision { get; set; } = "";

    /// <summary>Threads of one run on CPU; 0: one for each physical core.</summary>
    [Range(0, 1024)]
    public int Threads { get; set; }

    /// <summary>Whether an engine on CPU keeps its graph as it is best for this processor: later starts load it in a tenth of the time.</summary>
    public bool Prepare { get; set; } = true;

    /// <summary>Where, in a folder named after the model's file, of the model's size; empty: beside the model. Where nothing can be written the model itself is used.</summary>
    public string PreparedDirectory { get; set; } = "";
}
