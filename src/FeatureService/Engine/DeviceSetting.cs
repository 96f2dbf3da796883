using System.Globalization;

namespace Topfive.FeatureService;

/// <summary><c>Backbone__Device</c>, read.</summary>
/// <param name="IsAuto">GPUs where there are some, else the CPU.</param>
/// <param name="Gpus">Numbers of the GPUs that are wanted, one twice for two engines on it; null: all that there are.</param>
internal sealed record DeviceSetting(bool IsAuto, int[]? Gpus)
{
    public const string Pattern = "auto|cpu|cuda(:[0-9]{1,3}(,cuda:[0-9]{1,3})*)?";
    public const string Allowed = "auto, cpu, cuda (all GPUs), cuda:N, or several: cuda:0,cuda:1";

    public bool IsCpu => Gpus is [];

    /// <param name="text">As <see cref="Pattern"/> allows it.</param>
    public static DeviceSetting Parse(string text) => text switch
    {
        "auto" => new DeviceSetting(true, null),
        "cpu" => new DeviceSetting(false, []),
        "cuda" => new DeviceSetting(false, null),
        _ => new DeviceSetting(false, [.. text.Split(',').Select(gpu => int.Parse(gpu.AsSpan("cuda:".Length), CultureInfo.InvariantCulture))]),
    };
}
