using System.ComponentModel.DataAnnotations;

namespace Topfive.FeatureService;

/// <summary>Which backbone runs, and on what: configuration section <c>Backbone</c>.</summary>
public sealed class BackboneOptions
{
    public const string Section = "Backbone";

    /// <summary>Path of the .onnx file that <c>topfive backbone import</c> wrote.</summary>
    [Required]
    public string Model { get; set; } = "models/inception_v3.onnx";

    /// <summary><c>auto</c>, <c>cpu</c> or <c>cuda:N</c>.</summary>
    [RegularExpression("auto|cpu|cuda:[0-9]+", ErrorMessage = "Backbone__Device is auto, cpu or cuda:N")]
    public string Device { get; set; } = "auto";

    /// <summary><c>fp32</c>, <c>fp16</c> or <c>int8</c>: what the file must be. Empty: whatever it is.</summary>
    [RegularExpression("fp32|fp16|int8", ErrorMessage = "Backbone__Precision is fp32, fp16, int8 or empty")]
    public string Precision { get; set; } = "";

    /// <summary>Threads of one run on CPU; 0: one for each physical core.</summary>
    [Range(0, 1024)]
    public int Threads { get; set; }
}
